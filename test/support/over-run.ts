import { Session } from '../../src/engine/session.ts';
import { sourcesOf } from '../../src/plan/physical/topology.ts';
import type { PhysicalPlan } from '../../src/plan/physical/step.ts';
import { partitionOf } from '../../src/records/murmur2.ts';
import { chunkLimits } from '../../src/runtime/over/chunk.ts';
import { rowsOf, type Batch } from '../../src/runtime/batch.ts';
import { Change } from '../../src/runtime/change.ts';
import { ignoreFailures } from '../../src/runtime/failures.ts';
import { noConflation } from '../../src/runtime/run-settings.ts';
import { executeScript } from '../../src/statements/index.ts';
import type { Row, Value } from '../../src/types/sql-type.ts';
import { openHarness } from '../conformance/run-case.ts';
import type { Random } from '../fuzz/random.ts';
import { groupsOf, overScript, type EventModel, type OverModel } from './over-model.ts';
import { StoredTopology } from './stored-topology.ts';

export async function planOver(model: OverModel): Promise<PhysicalPlan> {
  const { node, engine } = openHarness('over_');
  await node.createTopic('events', { partitions: model.partitions, replicas: 1, config: {} });
  await executeScript({ name: 'over', text: overScript(model) }, engine, new Session(engine.defaults));
  return [...engine.catalog.queries.values()].at(-1)!.plan;
}

/** The values of each event that was answered, by its number of arrival. */
export interface OverRun {
  readonly rows: ReadonlyMap<number, Row>;
  /** How often the state was written and read anew. */
  readonly restarts: number;
  /** How many events were told to be too late. */
  readonly late: number;
  /** How often a sum was told not to fit its type. */
  readonly beyond: number;
  readonly failures: readonly string[];
}

/** Runs a query over events in micro-batches of random sizes, with restarts behind some of them; an event comes out once, or never. */
export function runOver(model: OverModel, plan: PhysicalPlan, events: readonly EventModel[], random: Random): OverRun {
  chunkLimits.events = random.pick([2, 2, 7, 64]);
  chunkLimits.page = random.pick([2, 2, 3, 64]);
  const failures: string[] = [];
  let late = 0;
  let beyond = 0;
  const cacheBytes = random.pick([undefined, 1, 2000]);
  const topology = new StoredTopology(plan, {
    partitions: model.partitions,
    settings: { ...noConflation, cacheBytes },
    failures: {
      ...ignoreFailures,
      report: (message, what) => {
        if (what === 'late') late++;
        else if (what === 'SUM') beyond++;
        else failures.push(`${what}: ${message}`);
      },
    },
  });
  const [source] = sourcesOf(plan);
  const columns = plan.root.columns.map(({ name }) => name);
  const at = [columns.indexOf('N'), ...model.calls.map((_, i) => columns.indexOf(`V${i}`))];
  const rows = new Map<number, Row>();
  const most = random.pick([1, 3, 20, 200, 5000]);
  let restarts = 0;
  const take = (changes: Batch): void => {
    for (const { after } of rowsOf(changes)) {
      const [n, ...values] = at.map((slot) => after![slot]!);
      if (rows.has(Number(n))) failures.push(`event ${String(n)} was answered twice`);
      rows.set(Number(n), values);
    }
  };
  for (let from = 0; from < events.length;) {
    const to = from + 1 + random.below(most);
    const batch = events.slice(from, to).map((event, sequence) => ({
      stepId: source!.id,
      partition: partitionOf(event.u, model.partitions),
      change: changeOf(event, source!.reads, sequence),
    }));
    from = to;
    take(topology.running.process(batch) as Batch);
    if (random.below(3) === 0) continue;
    topology.store();
    if (random.below(4) > 0) continue;
    restarts++;
    topology.reopen();
  }
  // What one OVER lets go is input of the next, which is idle after it.
  if (model.final) for (let i = 0; i < groupsOf(model).length; i++) take(topology.running.closeIdle(Infinity) as Batch);
  return { rows, restarts, late, beyond, failures };
}

/** An event as its source gives it. */
function changeOf({ n, u, ts, hasTs, values }: EventModel, reads: readonly string[], sequence: number): Change {
  const named: Readonly<Record<string, Value>> = { U: u, N: n, TS: hasTs ? ts : null, ROWTIME: ts };
  const row = reads.map((name) => named[name] ?? values[name.toLowerCase() as keyof typeof values] ?? null);
  return new Change([u], undefined, row, ts, sequence);
}
