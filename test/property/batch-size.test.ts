import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemoryBackend } from '../../src/adapters/memory/memory-backend.ts';
import { sourcesOf } from '../../src/plan/physical/topology.ts';
import { ignoreFailures } from '../../src/runtime/failures.ts';
import { rowsOf, type Batch } from '../../src/runtime/batch.ts';
import { Change } from '../../src/runtime/change.ts';
import { noConflation } from '../../src/runtime/run-settings.ts';
import { LocalTopology, type SourceChange } from '../../src/runtime/topology.ts';
import { openEngine } from '../support/memory-node.ts';

const queries: Record<string, string> = {
  tumbling:
    'CREATE TABLE r AS SELECT k, COUNT(*) AS c, SUM(v) AS s, EARLIEST_BY_OFFSET(v) AS e FROM a WINDOW TUMBLING (SIZE 10 MILLISECONDS, GRACE PERIOD 20 MILLISECONDS) GROUP BY k;',
  hopping:
    'CREATE TABLE r AS SELECT k, COUNT(*) AS c, MAX(v) AS m FROM a WINDOW HOPPING (SIZE 10 MILLISECONDS, ADVANCE BY 3 MILLISECONDS, GRACE PERIOD 5 MILLISECONDS) GROUP BY k;',
  final:
    'CREATE TABLE r AS SELECT k, COUNT(*) AS c FROM a WINDOW TUMBLING (SIZE 10 MILLISECONDS, GRACE PERIOD 5 MILLISECONDS) GROUP BY k EMIT FINAL;',
  sliding:
    'CREATE TABLE r AS SELECT k, COUNT(*) AS c, SUM(v) AS s, COLLECT_LIST(v) AS l FROM a WINDOW SLIDING (SIZE 10 MILLISECONDS, GRACE PERIOD 5 MILLISECONDS) GROUP BY k;',
  slidingFinal:
    'CREATE TABLE r AS SELECT k, COUNT(*) AS c FROM a WINDOW SLIDING (SIZE 10 MILLISECONDS, GRACE PERIOD 5 MILLISECONDS) GROUP BY k EMIT FINAL;',
  cumulate:
    'CREATE TABLE r AS SELECT k, COUNT(*) AS c, SUM(v) AS s, COLLECT_LIST(v) AS l FROM a WINDOW CUMULATE (SIZE 12 MILLISECONDS, STEP 4 MILLISECONDS, GRACE PERIOD 5 MILLISECONDS) GROUP BY k;',
  cumulateFinal:
    'CREATE TABLE r AS SELECT k, COUNT(*) AS c FROM a WINDOW CUMULATE (SIZE 12 MILLISECONDS, STEP 3 MILLISECONDS, GRACE PERIOD 5 MILLISECONDS) GROUP BY k EMIT FINAL;',
  session: 'CREATE TABLE r AS SELECT k, COUNT(*) AS c, SUM(v) AS s FROM a WINDOW SESSION (5 MILLISECONDS) GROUP BY k;',
  join: 'CREATE STREAM r AS SELECT a.k AS k, a.v AS v, b.v AS w FROM a LEFT JOIN b WITHIN 5 MILLISECONDS GRACE PERIOD 3 MILLISECONDS ON a.k = b.k;',
  over: 'CREATE STREAM r AS SELECT k, v, SUM(v) OVER (PARTITION BY k ORDER BY ROWTIME RANGE BETWEEN 10 PRECEDING AND CURRENT ROW) AS s, LAG(v) OVER (PARTITION BY k ORDER BY ROWTIME) AS p FROM a;',
  patternFinal:
    'CREATE STREAM r AS SELECT * FROM a MATCH_RECOGNIZE (PARTITION BY k ORDER BY ROWTIME, v MEASURES COUNT(*) AS c, LAST(v) AS l PATTERN (p q+? r) WITHIN 20 MILLISECONDS GRACE PERIOD 5 MILLISECONDS DEFINE q AS q.v >= p.v, r AS r.v < q.v) EMIT FINAL;',
  dedup:
    'CREATE STREAM r AS SELECT k, v FROM a QUALIFY ROW_NUMBER() OVER (PARTITION BY v ORDER BY ROWTIME GRACE PERIOD 5 MILLISECONDS) = 1;',
  monitor:
    "CREATE MONITOR r ON STREAM a WINDOW TUMBLING (SIZE 10 MILLISECONDS, GRACE PERIOD 5 MILLISECONDS) BASELINE PREVIOUS 1 WINDOW WITH (MIN_ROWS=1) (CHECK (DRIFT(v, 'PSI') < 1), CHECK (MEAN(v) > 2), CHECK (ROW_COUNT() > 2));",
  monitorSegments:
    "CREATE MONITOR r ON STREAM a WINDOW HOPPING (SIZE 12 MILLISECONDS, ADVANCE BY 4 MILLISECONDS, GRACE PERIOD 5 MILLISECONDS) SEGMENT BY k BASELINE PREVIOUS 2 WINDOWS WITH (MIN_ROWS=1) (CHECK (DRIFT(v, 'KS') < 0.5), CHECK (STDDEV(v) > 1), CHECK (NULL_RATE(v) < 1));",
  having: 'CREATE TABLE r AS SELECT k, SUM(v) AS s FROM a GROUP BY k HAVING SUM(v) > 3 AND COUNT(*) < 6;',
  ttl: "CREATE TABLE r WITH (STATE_TTL='15 MILLISECONDS') AS SELECT k, COUNT(*) AS c, SUM(v) AS s, LATEST_BY_OFFSET(v) AS l FROM a GROUP BY k HAVING SUM(v) > 3;",
  ttlDistinct: "CREATE TABLE r WITH (STATE_TTL='15 MILLISECONDS') AS SELECT DISTINCT v FROM a;",
  ttlNested:
    "CREATE TABLE r WITH (STATE_TTL='15 MILLISECONDS') AS SELECT c, COUNT(*) AS d FROM (SELECT k, COUNT(*) AS c FROM a GROUP BY k) AS t GROUP BY c;",
  ttlRanks:
    "CREATE TABLE r WITH (KEY_FORMAT='JSON', STATE_TTL='15 MILLISECONDS') AS SELECT k, ROW_NUMBER() OVER w AS n, CUME_DIST() OVER w AS c, v FROM a WINDOW w AS (PARTITION BY k ORDER BY v DESC) QUALIFY n <= 2;",
  ttlRanked:
    "CREATE TABLE r WITH (KEY_FORMAT='JSON', STATE_TTL='15 MILLISECONDS') AS SELECT c, ROW_NUMBER() OVER (PARTITION BY c ORDER BY k) AS n, k FROM (SELECT k, COUNT(*) AS c FROM a GROUP BY k) AS t QUALIFY n <= 2;",
  regroup: 'CREATE TABLE r AS SELECT v, COUNT(*) AS c FROM a WHERE v > 1 GROUP BY v;',
};
const events = fc.array(
  fc.record({
    side: fc.boolean(),
    key: fc.constantFrom('x', 'y', 'z'),
    value: fc.integer({ min: 0, max: 5 }),
    step: fc.integer({ min: -8, max: 9 }),
  }),
  { maxLength: 60 },
);

type Input = readonly { side: boolean; key: string; value: number; step: number }[];
interface Output {
  readonly key: string;
  readonly row: string;
}

/** Runs a query over inputs cut into micro-batches of a size, with conflation or without. */
async function runnerOf(name: string): Promise<(input: Input, size: number, conflate: boolean) => Output[]> {
  const engine = await openEngine();
  await engine.run(`CREATE STREAM a (k STRING KEY, v INT) WITH (kafka_topic='a', value_format='JSON', partitions=1);
    CREATE STREAM b (k STRING KEY, v INT) WITH (kafka_topic='b', value_format='JSON', partitions=1); ${queries[name]!}`);
  const [query] = [...engine.engine.catalog.queries.values()];
  await engine.close();
  const sources = sourcesOf(query!.plan);
  return (input, size, conflate) => {
    const topology = new LocalTopology(query!.plan, {
      backend: new MemoryBackend(),
      statePrefix: 'p',
      partitions: 1,
      settings: { ...noConflation, conflate },
      models: undefined,
      failures: ignoreFailures,
    });
    let time = 100;
    const output: Output[] = [];
    const all = input.map(({ side, key, value, step }) => {
      time = Math.max(0, time + step);
      const source = sources[side && sources.length > 1 ? 1 : 0]!;
      const row = source.reads.map((read) =>
        read === 'K' ? key : read === 'V' ? value : read === 'ROWTIME' ? time : null,
      );
      return { source, key, row, time };
    });
    for (let i = 0; i < all.length; i += size) {
      const batch = all.slice(i, i + size).map(({ source, key, row, time: at }, sequence): SourceChange => ({
        stepId: source.id,
        partition: 0,
        change: new Change([key], undefined, row, at, sequence),
      }));
      for (const { key, after, timestamp, window } of rowsOf(topology.process(batch) as Batch))
        output.push({ key: JSON.stringify([key, window ?? null]), row: JSON.stringify([after ?? null, timestamp]) });
    }
    return output;
  };
}

test.each(Object.keys(queries))('%s: the size of the micro-batches never changes the output', async (name) => {
  const run = await runnerOf(name);
  fc.assert(
    fc.property(events, fc.integer({ min: 2, max: 60 }), (input, size) => {
      expect(run(input, size, false)).toEqual(run(input, 1, false));
    }),
    { numRuns: 150, seed: 3 },
  );
});

// What is made of a conflated table, and the times of ranked rows, hang on which of the rows in between were told of.
const hasLast = /^CREATE TABLE (?!.*(EMIT FINAL|ROW_NUMBER|FROM \(SELECT))/;
const tables = Object.keys(queries).filter((name) => hasLast.test(queries[name]!));

test.each(tables)('%s: conflation never changes the last row of a key', async (name) => {
  const run = await runnerOf(name);
  // A row that came and went within one micro-batch is as absent as one with a tombstone.
  const last = (outputs: readonly Output[]): unknown =>
    Object.fromEntries(
      [...new Map(outputs.map(({ key, row }) => [key, row]))].filter(([, row]) => !row.startsWith('[null')).sort(),
    );
  fc.assert(
    fc.property(events, fc.integer({ min: 2, max: 60 }), (input, size) => {
      expect(last(run(input, size, true))).toEqual(last(run(input, 1, false)));
    }),
    { numRuns: 150, seed: 5 },
  );
});
