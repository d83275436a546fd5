/** A statement that is refused, and one that its hint tells. */
interface Refusal {
  readonly sql: string;
  readonly code: string;
  /** What the error points at. */
  readonly at: string;
  /** What the hint says, or a part of it. */
  readonly hint: string;
  /** The statement as the hint has it. */
  readonly cure: string;
}
/** `call` in a SELECT over the window that is written `spec`. */
export const of = (call: string, spec: string, emit = 'CHANGES'): string =>
  `CREATE STREAM q AS SELECT id, ${call} OVER (${spec}) AS x FROM s EMIT ${emit};`;
export const window = 'PARTITION BY id ORDER BY ts';
const framed = (frame: string): string => of('SUM(n)', `${window} ${frame}`);

/** A frame that is refused at `at`, and the one that its hint tells. */
const frame = (bad: string, at: string, hint: string, good: string, code = 'FRAME_INVALID'): Refusal => ({
  sql: framed(bad),
  code,
  at,
  hint,
  cure: framed(good),
});
const tile = (bad: string, at: string, hint: string, good: string): Refusal =>
  frame(bad, at, hint, good, 'TILE_INVALID');
/** A call that is refused at `at`, and the one that its hint tells. */
const call = (bad: string, at: string, hint: string, good: string, spec = window, goodSpec = spec): Refusal => ({
  sql: of(bad, spec),
  code: 'CALL_INVALID',
  at,
  hint,
  cure: of(good, goodSpec),
});

/** What windows, frames and calls with OVER are refused for. */
export const refusals: readonly Refusal[] = [
  // What a window must have.
  {
    sql: of('COUNT(*)', 'ORDER BY ts'),
    code: 'OVER_INVALID',
    at: '(ORDER BY ts)',
    hint: "PARTITION BY 'all'",
    cure: of('COUNT(*)', "PARTITION BY 'all' ORDER BY ts"),
  },
  {
    sql: of('COUNT(*)', 'PARTITION BY id'),
    code: 'OVER_INVALID',
    at: '(PARTITION BY id)',
    hint: 'ORDER BY ROWTIME',
    cure: of('COUNT(*)', 'PARTITION BY id ORDER BY ROWTIME'),
  },
  {
    sql: of('COUNT(*)', 'PARTITION BY id ORDER BY ts, n'),
    code: 'OVER_INVALID',
    at: 'n',
    hint: 'Leave the others out',
    cure: of('COUNT(*)', window),
  },
  {
    sql: of('LAST_VALUE(n)', 'PARTITION BY id ORDER BY ts DESC'),
    code: 'OVER_INVALID',
    at: 'ts DESC',
    hint: 'FIRST_VALUE',
    cure: of('FIRST_VALUE(n)', window),
  },
  {
    sql: of('COUNT(*)', 'PARTITION BY id ORDER BY ts NULLS FIRST'),
    code: 'OVER_INVALID',
    at: 'ts NULLS FIRST',
    hint: 'WHERE … IS NOT NULL',
    cure: of('COUNT(*)', window).replace('FROM s', 'FROM s WHERE ts IS NOT NULL'),
  },
  {
    sql: of('COUNT(*)', 'PARTITION BY id ORDER BY card'),
    code: 'OVER_INVALID',
    at: 'card',
    hint: 'PARSE_TIMESTAMP',
    cure: of('COUNT(*)', "PARTITION BY id ORDER BY PARSE_TIMESTAMP(card, 'yyyy-MM-dd')"),
  },
  {
    sql: of('COUNT(*)', 'PARTITION BY tags ORDER BY ts'),
    code: 'KEY_TYPE',
    at: 'tags',
    hint: '',
    cure: of('COUNT(*)', "PARTITION BY tags['a'] ORDER BY ts"),
  },
  {
    sql: 'CREATE STREAM q AS SELECT id, COUNT(*) OVER wide FROM s EMIT CHANGES;',
    code: 'OVER_INVALID',
    at: 'wide',
    hint: 'WINDOW WIDE AS (PARTITION BY … ORDER BY …)',
    cure: `CREATE STREAM q AS SELECT id, COUNT(*) OVER wide FROM s WINDOW wide AS (${window}) EMIT CHANGES;`,
  },
  {
    sql: `CREATE STREAM q AS SELECT id, COUNT(*) OVER wide FROM s WINDOW wider AS (${window}) EMIT CHANGES;`,
    code: 'OVER_INVALID',
    at: 'wide',
    hint: 'Did you mean WIDER?',
    cure: `CREATE STREAM q AS SELECT id, COUNT(*) OVER wider FROM s WINDOW wider AS (${window}) EMIT CHANGES;`,
  },
  {
    sql: `CREATE STREAM q AS SELECT id, COUNT(*) OVER w FROM s WINDOW w AS (${window}), w AS (${window} ROWS 3 PRECEDING) EMIT CHANGES;`,
    code: 'OVER_INVALID',
    at: 'w',
    hint: 'another name',
    cure: `CREATE STREAM q AS SELECT id, COUNT(*) OVER w FROM s WINDOW w AS (${window}), v AS (${window} ROWS 3 PRECEDING) EMIT CHANGES;`,
  },
  {
    sql: of('COUNT(*)', 'PARTITION BY NULL ORDER BY ts'),
    code: 'OVER_INVALID',
    at: 'NULL',
    hint: "PARTITION BY 'all'",
    cure: of('COUNT(*)', "PARTITION BY 'all' ORDER BY ts"),
  },
  {
    sql: `CREATE TABLE q AS SELECT id, COUNT(*) AS c, SUM(n) OVER (${window}) AS x FROM s GROUP BY id EMIT CHANGES;`,
    code: 'OVER_INVALID',
    at: `SUM(n) OVER (${window})`,
    hint: 'Name it in a subquery: … FROM (SELECT *, SUM(…) OVER (…) AS x FROM …) AS t.',
    cure: `CREATE TABLE q AS SELECT id, COUNT(*) AS c, MAX(x) AS x FROM (SELECT *, SUM(n) OVER (${window}) AS x FROM s) AS t GROUP BY id EMIT CHANGES;`,
  },
  {
    sql: 'CREATE TABLE q AS SELECT id, COUNT(*) OVER (PARTITION BY id ORDER BY ROWTIME) AS x FROM t EMIT CHANGES;',
    code: 'OVER_INVALID',
    at: 'COUNT(*) OVER (PARTITION BY id ORDER BY ROWTIME)',
    hint: 'Read the stream',
    cure: of('COUNT(*)', 'PARTITION BY id ORDER BY ROWTIME'),
  },
  {
    sql: 'CREATE STREAM q AS SELECT id, ROW_NUMBER() AS x FROM s EMIT CHANGES;',
    code: 'OVER_INVALID',
    at: 'ROW_NUMBER()',
    hint: 'ROW_NUMBER() OVER (PARTITION BY key ORDER BY time)',
    cure: of('ROW_NUMBER()', window),
  },
  {
    sql: `CREATE STREAM q AS SELECT id, n FROM s WHERE COUNT(*) OVER (${window}) > 2 EMIT CHANGES;`,
    code: 'OVER_INVALID',
    at: `COUNT(*) OVER (${window})`,
    hint: 'FROM (SELECT *, COUNT(…) OVER (…) AS x FROM …) AS t',
    cure: `CREATE STREAM q AS SELECT id, n FROM (SELECT *, COUNT(*) OVER (${window}) AS x FROM s) AS t WHERE x > 2 EMIT CHANGES;`,
  },
  {
    sql: 'CREATE STREAM q AS SELECT id, n FROM s EMIT FINAL;',
    code: 'EMIT_FINAL_INVALID',
    at: 'SELECT id, n FROM s EMIT FINAL',
    hint: 'EMIT CHANGES',
    cure: 'CREATE STREAM q AS SELECT id, n FROM s EMIT CHANGES;',
  },
  {
    sql: `CREATE STREAM q AS SELECT id, COUNT(*) OVER (${window} GRACE PERIOD 1 HOUR) AS a, COUNT(*) OVER (${window} GRACE PERIOD 5 MINUTES) AS b FROM s EMIT CHANGES;`,
    code: 'GRACE_DIFFERS',
    at: 'GRACE PERIOD 5 MINUTES',
    hint: 'GRACE PERIOD 1 HOUR holds for all',
    cure: `CREATE STREAM q AS SELECT id, COUNT(*) OVER (${window} GRACE PERIOD 1 HOUR) AS a, COUNT(*) OVER (${window}) AS b FROM s EMIT CHANGES;`,
  },
  frame('GRACE PERIOD 1 HOUR GRACE 1 HOUR', 'GRACE 1 HOUR', 'Leave one of them out', 'GRACE 1 HOUR', 'OPTION_TWICE'),
  // Frames.
  frame(
    'ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING',
    '1 FOLLOWING',
    'End it at CURRENT ROW',
    'ROWS BETWEEN 1 PRECEDING AND CURRENT ROW',
  ),
  frame(
    'RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING',
    'UNBOUNDED FOLLOWING',
    'End it at CURRENT ROW',
    'RANGE BETWEEN CURRENT ROW AND CURRENT ROW',
  ),
  frame('ROWS -5 PRECEDING', '-5 PRECEDING', 'Write 5 PRECEDING.', 'ROWS 5 PRECEDING'),
  frame(
    'RANGE -5 MINUTES PRECEDING',
    '-5 MINUTES PRECEDING',
    'Write 5 MINUTES PRECEDING.',
    'RANGE 5 MINUTES PRECEDING',
  ),
  frame('ROWS 1.5 PRECEDING', '1.5 PRECEDING', 'Write 2 PRECEDING.', 'ROWS 2 PRECEDING'),
  frame(
    'RANGE 1.5 HOURS PRECEDING',
    '1.5 HOURS PRECEDING',
    'Write 90 MINUTES PRECEDING.',
    'RANGE 90 MINUTES PRECEDING',
  ),
  frame(
    'ROWS 5 MINUTES PRECEDING',
    '5 MINUTES PRECEDING',
    'Write RANGE before the bounds',
    'RANGE 5 MINUTES PRECEDING',
  ),
  frame(
    "ROWS INTERVAL '1' HOUR PRECEDING",
    "INTERVAL '1' HOUR PRECEDING",
    'Write RANGE before the bounds',
    'RANGE 1 HOUR PRECEDING',
  ),
  frame(
    'RANGE 99999999999999 DAYS PRECEDING',
    '99999999999999 DAYS PRECEDING',
    'UNBOUNDED PRECEDING',
    'RANGE UNBOUNDED PRECEDING',
  ),
  frame(
    'ROWS BETWEEN 2 PRECEDING AND 5 PRECEDING',
    'ROWS BETWEEN 2 PRECEDING AND 5 PRECEDING',
    'BETWEEN 5 PRECEDING AND 2 PRECEDING',
    'ROWS BETWEEN 5 PRECEDING AND 2 PRECEDING',
  ),
  frame(
    'ROWS BETWEEN 5 PRECEDING AND UNBOUNDED PRECEDING',
    'UNBOUNDED PRECEDING',
    'End it at CURRENT ROW',
    'ROWS BETWEEN 5 PRECEDING AND CURRENT ROW',
  ),
  frame('ROWS 5 PRECEDING MAXSIZE 0', 'MAXSIZE 0', 'MAXSIZE 1', 'ROWS 5 PRECEDING MAXSIZE 1'),
  frame(
    "RANGE INTERVAL '1.5' HOUR PRECEDING",
    "INTERVAL '1.5' HOUR PRECEDING",
    'Write 90 MINUTES PRECEDING.',
    'RANGE 90 MINUTES PRECEDING',
  ),
  frame(
    "RANGE INTERVAL '-1' HOUR PRECEDING",
    "INTERVAL '-1' HOUR PRECEDING",
    'Write 1 HOUR PRECEDING.',
    'RANGE 1 HOUR PRECEDING',
  ),
  // Tiles.
  tile('ROWS 5 PRECEDING TILE 5 MINUTES', 'TILE 5 MINUTES', 'as RANGE', 'RANGE 1 HOUR PRECEDING TILE 5 MINUTES'),
  tile(
    'RANGE 1 HOUR PRECEDING TILE 5 MINUTES MAXSIZE 3',
    'MAXSIZE 3',
    'Leave MAXSIZE out',
    'RANGE 1 HOUR PRECEDING TILE 5 MINUTES',
  ),
  tile(
    'RANGE 1 HOUR PRECEDING EXCLUDE TIES TILE 5 MINUTES',
    'EXCLUDE TIES',
    'in a window without tiles',
    'RANGE 1 HOUR PRECEDING EXCLUDE TIES',
  ),
  tile(
    'TILE 5 MINUTES',
    'TILE 5 MINUTES',
    'Write RANGE BETWEEN 5 MINUTES PRECEDING AND CURRENT ROW',
    'RANGE BETWEEN 5 MINUTES PRECEDING AND CURRENT ROW TILE 5 MINUTES',
  ),
  tile(
    'RANGE UNBOUNDED PRECEDING TILE 5 MINUTES',
    'UNBOUNDED PRECEDING',
    'Write RANGE BETWEEN 5 MINUTES PRECEDING AND CURRENT ROW',
    'RANGE BETWEEN 5 MINUTES PRECEDING AND CURRENT ROW TILE 5 MINUTES',
  ),
  tile(
    'RANGE CURRENT ROW TILE 5 MINUTES',
    'TILE 5 MINUTES',
    'Write RANGE BETWEEN 5 MINUTES PRECEDING AND CURRENT ROW',
    'RANGE BETWEEN 5 MINUTES PRECEDING AND CURRENT ROW TILE 5 MINUTES',
  ),
  tile(
    'RANGE BETWEEN 24 HOURS PRECEDING AND 1 HOUR PRECEDING TILE 5 MINUTES',
    '1 HOUR PRECEDING',
    'AND CURRENT ROW',
    'RANGE BETWEEN 24 HOURS PRECEDING AND CURRENT ROW TILE 5 MINUTES',
  ),
  tile(
    'RANGE 1 HOUR PRECEDING TILE 7 MINUTES',
    'TILE 7 MINUTES',
    'TILE 400 SECONDS fits',
    'RANGE 1 HOUR PRECEDING TILE 400 SECONDS',
  ),
  tile(
    'RANGE 1 HOUR PRECEDING TILE 2 HOURS',
    'TILE 2 HOURS',
    'TILE 1 HOURS fits',
    'RANGE 1 HOUR PRECEDING TILE 1 HOURS',
  ),
  tile(
    'RANGE 1 HOUR PRECEDING TILE 0 MINUTES',
    'TILE 0 MINUTES',
    'TILE 1 HOURS fits',
    'RANGE 1 HOUR PRECEDING TILE 1 HOURS',
  ),
  ...['LAG(n)', 'NTH_VALUE(n, 2)', 'COLLECT_LIST(n)', 'COLLECT_SET(n)'].map((fn): Refusal => ({
    sql: of(fn, `${window} RANGE 1 HOUR PRECEDING TILE 5 MINUTES`),
    code: 'TILE_INVALID',
    at: fn.slice(0, fn.indexOf('(')),
    hint: 'without tiles',
    cure: of(fn, `${window} RANGE 1 HOUR PRECEDING`),
  })),
  // Calls.
  call('LEAD(n)', 'LEAD', 'LAG(x) is then the value of this row', 'LAG(n)'),
  call('LAG(n, -1)', '-1', 'from 0 on', 'LAG(n, 0)'),
  call('LAG(n, n)', 'n', 'a whole number of rows from 0 on', 'LAG(n, 1)'),
  call('LAG(n, 1.5)', '1.5', 'a whole number of rows from 0 on', 'LAG(n, 1)'),
  call('LAG(n, 1, n + 1)', 'n + 1', 'IFNULL around the call', 'LAG(n, 1, 1 + 1)'),
  call('LAG(n, 1, 1.5)', '1.5', 'Write INTEGER there', 'LAG(n, 1, 2)'),
  call('LAG(n, 1, TRUE)', 'TRUE', 'CAST the value', 'LAG(CAST(card AS BOOLEAN), 1, TRUE)'),
  call('LAG()', 'LAG() OVER (PARTITION BY id ORDER BY ts)', 'It takes a value', 'LAG(n)'),
  call('NTH_VALUE(n, 0)', '0', 'from 1 on', 'NTH_VALUE(n, 1)'),
  call('NTH_VALUE(n)', 'NTH_VALUE(n) OVER (PARTITION BY id ORDER BY ts)', 'from 1 on', 'NTH_VALUE(n, 1)'),
  call('ROW_NUMBER(n)', 'ROW_NUMBER(n) OVER (PARTITION BY id ORDER BY ts)', 'no argument', 'ROW_NUMBER()'),
  call(
    'ROW_NUMBER()',
    'ROWS 5 PRECEDING',
    'a window without a frame',
    'ROW_NUMBER()',
    `${window} ROWS 5 PRECEDING`,
    window,
  ),
  call('ROW_NUMBER() IGNORE NULLS', 'IGNORE NULLS', 'Leave it out', 'ROW_NUMBER()'),
  call('ROW_NUMBER() FILTER (WHERE n > 1)', 'n > 1', 'COUNT(*)', 'COUNT(*) FILTER (WHERE n > 1)'),
  call(
    'LAST_VALUE(card) FILTER (WHERE n > 1)',
    'n > 1',
    'LAST_VALUE(CASE WHEN N > 1 THEN CARD END) IGNORE NULLS',
    'LAST_VALUE(CASE WHEN N > 1 THEN CARD END) IGNORE NULLS',
  ),
  call('SUM(n) IGNORE NULLS', 'IGNORE NULLS', 'FILTER (WHERE N IS NOT NULL)', 'SUM(n) FILTER (WHERE N IS NOT NULL)'),
  call('SUM(DISTINCT n)', 'DISTINCT', 'COLLECT_SET', 'COLLECT_SET(n)'),
  {
    sql: of('SUM(n) FILTER (WHERE n)', window),
    code: 'NOT_BOOLEAN',
    at: 'n',
    hint: '',
    cure: of('SUM(n) FILTER (WHERE n > 0)', window),
  },
  {
    sql: 'CREATE TABLE q AS SELECT id, SUM(n) IGNORE NULLS AS x FROM s GROUP BY id EMIT CHANGES;',
    code: 'CALL_INVALID',
    at: 'IGNORE NULLS',
    hint: 'WHERE N IS NOT NULL',
    cure: 'CREATE TABLE q AS SELECT id, SUM(n) AS x FROM s WHERE N IS NOT NULL GROUP BY id EMIT CHANGES;',
  },
];
