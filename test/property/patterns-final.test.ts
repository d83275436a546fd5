import { expect, test } from 'vitest';
import { SqlError } from '../../src/diagnostics/sql-error.ts';
import type { PhysicalPlan } from '../../src/plan/physical/step.ts';
import { sourcesOf } from '../../src/plan/physical/topology.ts';
import { rowsOf, type Batch } from '../../src/runtime/batch.ts';
import { Change } from '../../src/runtime/change.ts';
import { ignoreFailures, type FailureSink } from '../../src/runtime/failures.ts';
import { Random } from '../fuzz/random.ts';
import { openEngine } from '../support/memory-node.ts';
import { byBacktracking, clausesOf, randomTrial, type Trial } from '../support/pattern-oracle.ts';
import { runsOf, seedOf } from '../support/scale.ts';
import { StoredTopology } from '../support/stored-topology.ts';

const graceMs = 15;
const keys = ['x', 'y', 'z'];
const source = `CREATE STREAM s (k STRING KEY, n INT, v INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);`;

/** A row: its key, its number among the rows of that key, its value and its time. */
interface Event {
  readonly key: string;
  readonly n: number;
  readonly value: number;
  readonly time: number;
}

/** The plan of a trial; undefined where it is refused, as a pattern is that could not end. */
async function planOf(trial: Trial): Promise<PhysicalPlan | undefined> {
  const engine = await openEngine();
  try {
    await engine.run(`${source} CREATE STREAM o AS SELECT * FROM s MATCH_RECOGNIZE (PARTITION BY k ORDER BY ROWTIME, n
      MEASURES FIRST(n) AS n0, COUNT(*) AS c, CLASSIFIER() AS what ${clausesOf(trial, ` GRACE PERIOD ${graceMs} MILLISECONDS`)}) EMIT FINAL;`);
    return [...engine.engine.catalog.queries.values()][0]!.plan;
  } catch (error) {
    if (error instanceof SqlError && error.code === 'MATCH_INVALID') return undefined;
    throw error;
  } finally {
    await engine.close();
  }
}

/** The matches of each key, the rows being cut into batches here and there, and the state stored and opened again. */
function run(
  plan: PhysicalPlan,
  events: readonly Event[],
  random: Random,
  most: number,
  failures: FailureSink = ignoreFailures,
): Record<string, string[]> {
  const [read] = sourcesOf(plan);
  const topology = new StoredTopology(plan, { failures });
  const found: Record<string, string[]> = Object.fromEntries(keys.map((key) => [key, []]));
  for (let i = 0; i < events.length;) {
    const size = 1 + random.below(most);
    const batch = events.slice(i, i + size).map(({ key, n, value, time }, sequence) => {
      const values: Record<string, unknown> = { K: key, N: n, V: value, ROWTIME: time };
      const row = read!.reads.map((name) => values[name] as never);
      return { stepId: read!.id, partition: 0, change: new Change([key], undefined, row, time, sequence) };
    });
    for (const { key, after } of rowsOf(topology.running.process(batch) as Batch)) {
      const [, start, count, what] = after!;
      found[key[0] as string]?.push(`${String(start)} ${String(count)} ${String(what)}`);
    }
    i += size;
    if (random.below(4) > 0) continue;
    topology.store();
    topology.reopen();
  }
  return found;
}

test('EMIT FINAL finds what a search over all rows in order of time finds, whatever the order of arrival within the grace', async () => {
  const random = new Random(seedOf(71));
  let matches = 0;
  let plans = 0;
  while (plans < runsOf(100)) {
    const trial = randomTrial(random);
    const plan = await planOf(trial);
    if (plan === undefined) continue;
    plans++;
    const rows = Object.fromEntries(keys.map((key) => [key, randomTrial(random)]));
    const events = keys.flatMap((key) =>
      rows[key]!.values.map((value, n): Event => ({ key, n, value, time: rows[key]!.times[n]! })),
    );
    const wanted = Object.fromEntries(
      keys.map((key) => {
        const { values, times } = rows[key]!;
        const all = byBacktracking({ ...trial, values, times }).map((match) => {
          const [start, taken] = match.split(': ');
          return `${start} ${taken!.length} ${taken!.at(-1)!}`;
        });
        matches += all.length;
        return [key, all];
      }),
    );
    // What comes long after all of them ends the wait.
    const end: Event = { key: 'end', n: 0, value: 9, time: 1_000_000 };
    for (let i = 0; i < 4; i++) {
      const arrivals = events.map((event) => ({ event, at: event.time + random.next() * graceMs }));
      const order = arrivals.sort((a, b) => a.at - b.at).map(({ event }) => event);
      expect(run(plan, [...order, end], random, i === 0 ? 1 : 40), clausesOf(trial, '')).toEqual(wanted);
    }
  }
  console.log(`${matches} matches of ${plans} patterns compared, four orders each`);
}, 600_000);

test('a row that is later than the grace is dropped, and told of once', async () => {
  const engine = await openEngine();
  await engine.run(`${source} CREATE STREAM o AS SELECT * FROM s MATCH_RECOGNIZE (PARTITION BY k ORDER BY ROWTIME
    MEASURES FIRST(n) AS n0, COUNT(*) AS c, CLASSIFIER() AS what PATTERN (a b) GRACE PERIOD ${graceMs} MILLISECONDS) EMIT FINAL;`);
  const { plan } = [...engine.engine.catalog.queries.values()][0]!;
  await engine.close();
  const events = [100, 100 - graceMs, 100 - graceMs - 1, 101, 500].map((time, n) => ({ key: 'x', n, value: 0, time }));
  const told: string[] = [];
  const found = run(plan, events, new Random(1), 1, {
    ...ignoreFailures,
    report: (message, kind, sequence) => told.push(`${kind} ${sequence} ${message}`),
  });
  expect(found['x']).toEqual(['1 2 B']);
  expect(told).toEqual(["late 0 the event at 84 came after its window's grace period"]);
});
