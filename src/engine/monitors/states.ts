import type { QueryObject } from '../../catalog/catalog.ts';
import type { Row } from '../../types/sql-type.ts';
import type { Engine } from '../engine.ts';
import { monitorColumns } from './plan.ts';

/** What a check of a monitor said last of a segment. */
export interface CheckState {
  readonly constraint: string;
  readonly segment: string | null;
  readonly metric: string | null;
  readonly column: string | null;
  readonly value: number | null;
  readonly threshold: number | null;
  readonly windowStart: number;
  readonly windowEnd: number;
  readonly rowCount: number;
  readonly severity: string;
  readonly state: string;
}

const slots = new Map(monitorColumns.map(({ name }, slot) => [name, slot]));
const at = <T>(row: Row, name: string): T => row[slots.get(name)!] as T;

/** The states of a monitor's checks, from the nodes that hold them; undefined where one does not answer. */
export async function monitorStates(query: QueryObject, { node }: Engine): Promise<CheckState[] | undefined> {
  try {
    const states: CheckState[] = [];
    for await (const changes of (await node.pull(query.id, undefined)) ?? [])
      for (const { after } of changes) if (after !== undefined) states.push(stateOf(after));
    return states;
  } catch {
    return undefined;
  }
}

const stateOf = (row: Row): CheckState => ({
  constraint: at(row, 'CONSTRAINT'),
  segment: at(row, 'SEGMENT'),
  metric: at(row, 'METRIC'),
  column: at(row, 'COLUMN'),
  value: at(row, 'VALUE'),
  threshold: at(row, 'THRESHOLD'),
  windowStart: at(row, 'WINDOW_START'),
  windowEnd: at(row, 'WINDOW_END'),
  rowCount: at(row, 'ROW_COUNT'),
  severity: at(row, 'SEVERITY'),
  state: at(row, 'STATE'),
});
