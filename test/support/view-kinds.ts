import fc from 'fast-check';
import type { TestEngine } from './memory-node.ts';

/** A record of a topic: a null value is a tombstone. */
export type Produced = readonly [key: string | null, time: number, value: object | null];

export const produceRows = (node: TestEngine, topic: string, rows: readonly Produced[]): Promise<unknown> =>
  node.engine.node.produce(
    topic,
    rows.map(([key, timestamp, value]) => ({
      key,
      value: value && JSON.stringify(value),
      timestamp,
      partition: undefined,
    })),
  );

/** The columns of the stream `s` that the views read. */
export const eventColumns = 'u STRING KEY, ts BIGINT, v DOUBLE, shop STRING';
export const eventFrame =
  "WINDOW w AS (PARTITION BY u ORDER BY ts RANGE BETWEEN INTERVAL '10' SECOND PRECEDING AND CURRENT ROW GRACE PERIOD 1 MINUTE)";

/** A view of each kind whose order is given, by name. `options` gives what stands in WITH; undefined for nothing. */
export function viewKinds(options: (name: string) => string | undefined): Readonly<Record<string, string>> {
  const view = (name: string, select: string, time = ''): string => {
    const given = options(name);
    return `CREATE FEATURE VIEW ${name} ENTITY KEY (u)${time}${given === undefined ? '' : ` WITH (${given})`} AS SELECT ${select};`;
  };
  const forgets = (name: string): string => {
    const given = options(name);
    return ` WITH (STATE_TTL='4 SECONDS'${given === undefined ? '' : `, ${given}`})`;
  };
  const timed = (name: string, select: string): string => view(name, select, ' TIMESTAMP ts');
  return {
    PLAIN: timed('plain', 'u, ts, v, UCASE(shop) AS shop FROM s WHERE v IS NULL OR v > 1 EMIT CHANGES'),
    ARRIVAL: timed(
      'arrival',
      `u, ts, SUM(v) OVER w AS total, COUNT(*) OVER w AS n, LAG(shop) OVER w AS before FROM s ${eventFrame} EMIT CHANGES`,
    ),
    FINAL: timed(
      'final',
      `u, ts, AVG(v) OVER w AS mean, COUNT(DISTINCT shop) OVER w AS shops FROM s ${eventFrame} EMIT FINAL`,
    ),
    ALL_TIME: view(
      'all_time',
      'u, COUNT(*) AS n, MAX(v) AS most, COLLECT_SET(shop) AS shops FROM s GROUP BY u EMIT CHANGES',
    ),
    HOPS: view(
      'hops',
      'u, COUNT(v) AS n, SUM(v) AS total FROM s WINDOW HOPPING (SIZE 8 SECONDS, ADVANCE BY 2 SECONDS, GRACE PERIOD 5 SECONDS) GROUP BY u EMIT CHANGES',
    ),
    CLOSED: view(
      'closed',
      'u, MIN(v) AS least, COUNT(*) AS n FROM s WINDOW TUMBLING (SIZE 5 SECONDS, GRACE PERIOD 2 SECONDS) GROUP BY u EMIT FINAL',
    ),
    FORGETFUL: `CREATE FEATURE VIEW forgetful ENTITY KEY (u)${forgets('forgetful')} AS SELECT u, COUNT(*) AS n, SUM(v) AS total, MAX(shop) AS most FROM s GROUP BY u;`,
    FIRSTS: `CREATE FEATURE VIEW firsts ENTITY KEY (u) TIMESTAMP ts${forgets('firsts')} AS SELECT u, ts, v, shop FROM s QUALIFY ROW_NUMBER() OVER (PARTITION BY u ORDER BY ROWTIME) = 1;`,
    SITTINGS: view(
      'sittings',
      'u, COUNT(*) AS n, SUM(v) AS total FROM s WINDOW SESSION (3 SECONDS, GRACE PERIOD 5 SECONDS) GROUP BY u EMIT CHANGES',
    ),
  };
}

const users = fc.constantFrom('a', 'b', 'c', 'ü|x', '');

/** Events with ties, late ones and ones out of order, without a time or a value; with `lacksUsers` some without a user. */
export const viewEvents = (lacksUsers = false) =>
  fc.array(
    fc.record({
      u: lacksUsers ? fc.option(users, { freq: 20 }) : users,
      step: fc.constantFrom(0, 0, 300, 900, 2500, 60_000),
      late: fc.constantFrom(0, 0, 0, 1, 1500, 9000, 70_000),
      v: fc.option(fc.double({ noDefaultInfinity: true, noNaN: true }), { freq: 9 }),
      shop: fc.option(fc.constantFrom('p', 'q', 'r'), { freq: 9 }),
      hasTime: fc.constantFrom(true, true, true, true, true, true, true, false),
    }),
    { minLength: 30, maxLength: 90 },
  );
type Events = ReturnType<typeof viewEvents> extends fc.Arbitrary<infer T> ? T : never;

/** Events as records, from a time on. */
export function viewRecords(list: Events, begin: number): Produced[] {
  let clock = begin;
  return list.map(({ u, step, late, v, shop, hasTime }) => {
    clock += step;
    const ts = clock - late;
    return [u, ts, { ts: hasTime ? ts : null, v, shop }];
  });
}
