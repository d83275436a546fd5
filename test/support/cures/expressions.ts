import type { Cures } from './cure.ts';

/** A SELECT of one expression. */
const select = (expression: string): string => `CREATE STREAM x AS SELECT id, ${expression} AS e FROM s`;
/** A SELECT of one aggregate. */
const grouped = (expression: string): string => `CREATE TABLE x AS SELECT id, ${expression} AS e FROM s GROUP BY id`;
const window = 'PARTITION BY id ORDER BY ROWTIME';

export const syntaxCures = {
  SYNTAX_ERROR: [
    { wrong: 'SHOW STREMS', hint: /Did you mean STREAMS\?/, cure: 'SHOW STREAMS' },
    {
      wrong: 'CREAT STREAM x AS SELECT * FROM s',
      hint: /Did you mean CREATE\?/,
      cure: 'CREATE STREAM x AS SELECT * FROM s',
    },
    {
      wrong: 'CREATE STREM x AS SELECT * FROM s',
      hint: /Did you mean STREAM\?/,
      cure: 'CREATE STREAM x AS SELECT * FROM s',
    },
  ],
  UNEXPECTED_CHARACTER: [{ wrong: select("'a"), hint: /missing its pair/, cure: select("'a'") }],
  MISSING_SEMICOLON: [{ wrong: 'SHOW STREAMS; SHOW TABLES --', hint: /";"/, cure: 'SHOW STREAMS; SHOW TABLES;' }],
  STATEMENT_TOO_COMPLEX: { notOfStatements: 'no statement of a length that fits here is too large' },
  OPTION_TWICE: [
    {
      wrong: select(`SUM(n) OVER (${window} ROWS 2 PRECEDING GRACE 1 HOUR GRACE 2 HOURS)`),
      hint: /Leave one of them out/,
      cure: select(`SUM(n) OVER (${window} ROWS 2 PRECEDING GRACE 1 HOUR)`),
    },
  ],
  COLUMNS_WITH_SELECT: [
    {
      wrong: 'CREATE STREAM x (id STRING KEY) AS SELECT id, n FROM s',
      hint: /remove the list/,
      cure: 'CREATE STREAM x AS SELECT id, n FROM s',
    },
  ],
  NOT_SUPPORTED_YET: { notOfStatements: 'it says that there is nothing' },
} satisfies Record<string, Cures>;

export const expressionCures = {
  COLUMN_NOT_FOUND: [
    { wrong: select('nam'), hint: /Did you mean NAME\?/, cure: select('NAME') },
    { wrong: select('zzzzzzzz'), hint: /Columns in scope: ID, N, NAME/, cure: select('NAME') },
  ],
  AMBIGUOUS_COLUMN: [
    {
      wrong: 'CREATE STREAM x AS SELECT s.id, n FROM s JOIN t ON s.id = t.id',
      hint: /Qualify it: S\.N or T\.N\./,
      cure: 'CREATE STREAM x AS SELECT s.id, T.N FROM s JOIN t ON s.id = t.id',
    },
  ],
  SOURCE_ALIAS_NOT_FOUND: [{ wrong: select('z.n'), hint: /Sources in scope: S\./, cure: select('S.n') }],
  FUNCTION_NOT_FOUND: [
    { wrong: select('UCAS(name)'), hint: /Did you mean UCASE\?/, cure: select('UCASE(name)') },
    { wrong: select('ZZZZZZZZ(name)'), hint: /SHOW FUNCTIONS/, cure: 'SHOW FUNCTIONS' },
    {
      wrong: grouped('PERCENTILE_CONT(n, 0.5)'),
      hint: /Did you mean PERCENTILE\?/,
      cure: grouped('PERCENTILE(n, 0.5)'),
    },
    {
      wrong: grouped('PERCENTILE_DISC(n, 0.5)'),
      hint: /Did you mean PERCENTILE\?/,
      cure: grouped('PERCENTILE(n, 0.5)'),
    },
    { wrong: grouped('QUANTILE(n, 0.5)'), hint: /Did you mean PERCENTILE\?/, cure: grouped('PERCENTILE(n, 0.5)') },
    {
      wrong: select("TO_CHAR(ts, 'yyyy')"),
      hint: /Did you mean FORMAT_TIMESTAMP\?/,
      cure: select("FORMAT_TIMESTAMP(ts, 'yyyy')"),
    },
    { wrong: select('ISNULL(n, 1)'), hint: /Did you mean IFNULL\?/, cure: select('IFNULL(n, 1)') },
    {
      wrong: select("JSON_EXTRACT(name, '$.a')"),
      hint: /Did you mean EXTRACTJSONFIELD\?/,
      cure: select("EXTRACTJSONFIELD(name, '$.a')"),
    },
    {
      wrong: grouped('APPROX_QUANTILE(n, 0.5)'),
      hint: /Did you mean APPROX_PERCENTILE\?/,
      cure: grouped('APPROX_PERCENTILE(n, 0.5)'),
    },
  ],
  FUNCTION_ARGUMENTS: [{ wrong: select('LEN(n)'), hint: /LEN\(.*STRING\)/, cure: select('LEN(name)') }],
  FUNCTION_AMBIGUOUS: [
    {
      wrong: select('GREATEST(NULL, NULL)'),
      hint: /CAST\(NULL AS type\)/,
      cure: select('GREATEST(CAST(NULL AS INT), NULL)'),
    },
  ],
  COMPARE_MISMATCH: [
    {
      wrong: 'CREATE STREAM x AS SELECT * FROM s WHERE name = 1',
      hint: /Convert one side with CAST/,
      cure: 'CREATE STREAM x AS SELECT * FROM s WHERE CAST(name AS INT) = 1',
    },
  ],
  COMPARE_WITH_NULL: [
    {
      wrong: 'CREATE STREAM x AS SELECT * FROM s WHERE name = NULL',
      hint: /IS NULL/,
      cure: 'CREATE STREAM x AS SELECT * FROM s WHERE name IS NULL',
    },
  ],
  NULL_OPERAND: [{ wrong: select('NULL'), hint: /CAST\(NULL AS type\)/, cure: select('CAST(NULL AS INT)') }],
  CASE_BRANCHES: [
    {
      wrong: select('CASE WHEN n = 1 THEN name ELSE n END'),
      hint: /one type with CAST/,
      cure: select('CASE WHEN n = 1 THEN name ELSE CAST(n AS STRING) END'),
    },
  ],
  EMPTY_CONSTRUCTOR: [
    { wrong: select('ARRAY[]'), hint: /CAST\(ARRAY\[\] AS ARRAY<INT>\)/, cure: select('CAST(ARRAY[] AS ARRAY<INT>)') },
    {
      wrong: select('MAP()'),
      hint: /CAST\(MAP\(\) AS MAP<STRING, INT>\)/,
      cure: select('CAST(MAP() AS MAP<STRING, INT>)'),
    },
    { wrong: select('ARRAY[NULL]'), hint: /CAST one element/, cure: select('ARRAY[CAST(NULL AS INT)]') },
    { wrong: select('STRUCT()'), hint: /STRUCT\(a := 1\)/, cure: select('STRUCT(a := 1)') },
  ],
  INTERVAL_INVALID: [
    {
      wrong: select("ts + INTERVAL '1 month 2 days'"),
      hint: /INTERVAL '1' MONTH \+ INTERVAL '2' DAYS/,
      cure: select("ts + INTERVAL '1' MONTH + INTERVAL '2' DAYS"),
    },
    {
      wrong: `CREATE TABLE x AS SELECT id, COUNT(*) AS c FROM TABLE(TUMBLE(TABLE s, DESCRIPTOR(ROWTIME), INTERVAL '1' MONTH)) GROUP BY id, window_start`,
      hint: /INTERVAL '30' DAYS/,
      cure: `CREATE TABLE x AS SELECT id, COUNT(*) AS c FROM TABLE(TUMBLE(TABLE s, DESCRIPTOR(ROWTIME), INTERVAL '30' DAYS)) GROUP BY id, window_start`,
    },
    {
      wrong: select("ROWTIME + INTERVAL '1' MONTH"),
      hint: /FROM_UNIXTIME\(ms\)/,
      cure: select("FROM_UNIXTIME(ROWTIME) + INTERVAL '1' MONTH"),
    },
  ],
  TYPE_NOT_FOUND: [
    { wrong: select('CAST(name AS STRNG)'), hint: /Did you mean STRING\?/, cure: select('CAST(name AS STRING)') },
    {
      wrong: select('CAST(name AS NUMERIC)'),
      hint: /NUMERIC\(38, 10\)/,
      cure: select('CAST(name AS NUMERIC(38, 10))'),
    },
    {
      wrong: select('CAST(name AS UUID)'),
      hint: /CREATE TYPE name AS STRING;/,
      cure: `CREATE TYPE uuid AS STRING; ${select('CAST(name AS UUID)')}`,
    },
    { wrong: select('CAST(name AS UUID)'), hint: /SHOW TYPES/, cure: 'SHOW TYPES' },
  ],
} satisfies Record<string, Cures>;
