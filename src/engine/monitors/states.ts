import type { QueryObject } from '../../catalog/catalog.ts';
import { allSteps } from '../../plan/physical/step.ts';
import type { Row } from '../../types/sql-type.ts';
import type { Engine } from '../engine.ts';
import { wholePlan } from '../plan-query.ts';
import { Session } from '../session.ts';
import { topicRows } from '../training/spine.ts';
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

/** The states of a monitor's checks, from the nodes that hold them; undefined where one does not answer. */
export async function monitorStates(query: QueryObject, engine: Engine): Promise<CheckState[] | undefined> {
  try {
    const states: CheckState[] = [];
    for await (const changes of (await engine.node.pull(query.id, undefined)) ?? [])
      for (const { after } of changes) if (after !== undefined) states.push(stateOf(after, monitorColumns));
    return states;
  } catch {
    // On Kafka nobody holds the checks of a monitor that is paused.
    return query.paused ? statesTold(query, engine).catch(() => undefined) : undefined;
  }
}

/** What the monitor's topic says last of each check and segment. */
async function statesTold({ sink, plan }: QueryObject, engine: Engine): Promise<CheckState[]> {
  const { spec } = engine.catalog.sources.get(sink)!;
  // A monitor that was replaced may have had other checks.
  const checks = allSteps(plan.root).flatMap((step) => (step.op === 'monitor' ? step.spec.checks : []));
  const names = new Set(checks.map(({ name }) => name));
  const told = wholePlan(spec);
  const last = new Map<string, CheckState>();
  for await (const rows of topicRows(told, sink, engine, new Session(engine.defaults)))
    for (const row of rows) {
      const state = stateOf(row, told.root.columns);
      if (names.has(state.constraint)) last.set(JSON.stringify([state.constraint, state.segment]), state);
    }
  return [...last.values()];
}

function stateOf(row: Row, columns: readonly { readonly name: string }[]): CheckState {
  const at = <T>(name: string): T => row[columns.findIndex((column) => column.name === name)] as T;
  return {
    constraint: at('CONSTRAINT'),
    segment: at('SEGMENT'),
    metric: at('METRIC'),
    column: at('COLUMN'),
    value: at('VALUE'),
    threshold: at('THRESHOLD'),
    windowStart: at('WINDOW_START'),
    windowEnd: at('WINDOW_END'),
    rowCount: at('ROW_COUNT'),
    severity: at('SEVERITY'),
    state: at('STATE'),
  };
}
