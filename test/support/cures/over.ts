import type { Cures } from './cure.ts';

const window = 'PARTITION BY id ORDER BY ROWTIME';
const over = (call: string, spec: string): string => `CREATE STREAM x AS SELECT id, ${call} OVER (${spec}) AS e FROM s`;
const ranked =
  "CREATE TABLE x WITH (KEY_FORMAT='JSON') AS SELECT id, n AS m, ROW_NUMBER() OVER (PARTITION BY id ORDER BY n DESC) AS r FROM s";
const matched = (pattern: string): string =>
  `CREATE STREAM x AS SELECT * FROM s MATCH_RECOGNIZE (PARTITION BY id ORDER BY ROWTIME MEASURES LAST(a.n) AS n PATTERN (${pattern}))`;

/** Cures of errors about windows of OVER, ranking and MATCH_RECOGNIZE. */
export const overCures = {
  RANK_UNBOUNDED: [
    {
      wrong: `CREATE TABLE x WITH (KEY_FORMAT='JSON') AS SELECT id, n AS m, PERCENT_RANK() OVER (PARTITION BY id ORDER BY n) AS p FROM s QUALIFY p <= 0.1`,
      hint: /QUALIFY ROW_NUMBER\(\) OVER/,
      cure: `CREATE TABLE x WITH (KEY_FORMAT='JSON') AS SELECT id, n AS m, ROW_NUMBER() OVER w AS r, PERCENT_RANK() OVER w AS p FROM s WINDOW w AS (PARTITION BY id ORDER BY n) QUALIFY p <= 0.1 AND r <= 10`,
    },
    {
      wrong: ranked,
      hint: /QUALIFY ROW_NUMBER\(\) OVER \(…\) <= 10/,
      cure: `${ranked} QUALIFY ROW_NUMBER() OVER (PARTITION BY id ORDER BY n DESC) <= 10`,
    },
    {
      wrong: ranked,
      hint: /WHERE n <= 10 around a subquery/,
      cure: `CREATE TABLE x WITH (KEY_FORMAT='JSON') AS SELECT id, r, m FROM (SELECT id, n AS m, ROW_NUMBER() OVER (PARTITION BY id ORDER BY n DESC) AS r FROM s) WHERE r <= 10`,
    },
  ],
  MATCH_INVALID: [{ wrong: matched('a*'), hint: /A\+ instead of A\*/, cure: matched('a+? b') }],
  OVER_INVALID: [
    {
      wrong: 'CREATE STREAM x AS SELECT id, LAG(n) AS e FROM s',
      hint: /LAG\(N\) OVER \(PARTITION BY key ORDER BY time\)/,
      cure: over('LAG(N)', window),
    },
    { wrong: over('COUNT(*)', 'PARTITION BY id'), hint: /ORDER BY ROWTIME/, cure: over('COUNT(*)', window) },
    {
      wrong: over('COUNT(*)', 'ORDER BY ROWTIME'),
      hint: /PARTITION BY 'all'/,
      cure: over('COUNT(*)', "PARTITION BY 'all' ORDER BY ROWTIME"),
    },
    {
      wrong:
        'CREATE STREAM x AS SELECT id, LAG(n) OVER v AS e FROM s WINDOW w AS (PARTITION BY id ORDER BY ROWTIME), v AS (w)',
      hint: /Write OVER W where it is used/,
      cure: 'CREATE STREAM x AS SELECT id, LAG(n) OVER W AS e FROM s WINDOW w AS (PARTITION BY id ORDER BY ROWTIME)',
    },
  ],
  FRAME_INVALID: [
    {
      wrong: over('COUNT(*)', `${window} ROWS BETWEEN CURRENT ROW AND 2 PRECEDING`),
      hint: /BETWEEN 2 PRECEDING AND CURRENT ROW/,
      cure: over('COUNT(*)', `${window} ROWS BETWEEN 2 PRECEDING AND CURRENT ROW`),
    },
  ],
  TILE_INVALID: [
    {
      wrong: over('COUNT(*)', `${window} RANGE BETWEEN 1 HOUR PRECEDING AND CURRENT ROW TILE 7 MINUTES`),
      hint: /TILE 400 SECONDS fits this frame/,
      cure: over('COUNT(*)', `${window} RANGE BETWEEN 1 HOUR PRECEDING AND CURRENT ROW TILE 400 SECONDS`),
    },
  ],
  CALL_INVALID: [
    {
      wrong: over('LAG(n, -1)', window),
      hint: /from 0 on/,
      cure: over('LAG(n, 1)', window),
    },
  ],
  GRACE_DIFFERS: [
    {
      wrong: `CREATE STREAM x AS SELECT id, COUNT(*) OVER (${window} GRACE PERIOD 1 HOUR) AS a, SUM(n) OVER (PARTITION BY name ORDER BY ROWTIME GRACE PERIOD 2 HOURS) AS b FROM s`,
      hint: /GRACE PERIOD 2 HOURS holds for all/,
      cure: `CREATE STREAM x AS SELECT id, COUNT(*) OVER (${window}) AS a, SUM(n) OVER (PARTITION BY name ORDER BY ROWTIME GRACE PERIOD 2 HOURS) AS b FROM s`,
    },
  ],
} satisfies Record<string, Cures>;
