/** Functions of PostgreSQL, Flink, RisingWave, Spark and MySQL that mean the same as one of ours. */
export const aliases: ReadonlyMap<string, string> = new Map(
  Object.entries({
    APPROX_DISTINCT: 'APPROX_COUNT_DISTINCT',
    ARRAY_AGG: 'COLLECT_LIST',
    ARRAY_SIZE: 'ARRAY_LENGTH',
    CARDINALITY: 'ARRAY_LENGTH',
    CEILING: 'CEIL',
    CHARACTER_LENGTH: 'LEN',
    CHAR_LENGTH: 'LEN',
    DATE_FORMAT: 'FORMAT_TIMESTAMP',
    EVERY: 'BOOL_AND',
    GET_JSON_OBJECT: 'EXTRACTJSONFIELD',
    JSON_QUERY: 'EXTRACTJSONFIELD',
    JSON_VALUE: 'EXTRACTJSONFIELD',
    LENGTH: 'LEN',
    LISTAGG: 'STRING_AGG',
    LOWER: 'LCASE',
    MEAN: 'AVG',
    NVL: 'IFNULL',
    POW: 'POWER',
    RAND: 'RANDOM',
    SIZE: 'ARRAY_LENGTH',
    STRPOS: 'INSTR',
    SUBSTR: 'SUBSTRING',
    TO_DATE: 'PARSE_DATE',
    TO_TIMESTAMP: 'PARSE_TIMESTAMP',
    UNNEST: 'EXPLODE',
    UPPER: 'UCASE',
  }),
);

/** What a call of another dialect is here, by its name and number of arguments: `_1` is the first of them. */
export const forms: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'COUNT_IF/1': 'COUNT(*) FILTER (WHERE _1)',
    'CURRENT_DATE/0': 'FROM_DAYS(UNIX_DATE())',
    'CURRENT_TIMESTAMP/0': 'FROM_UNIXTIME(UNIX_TIMESTAMP())',
    'DAYOFMONTH/1': "DATE_PART('DAY', _1)",
    'DAYOFYEAR/1': "DATE_PART('DOY', _1)",
    'EXTRACT/2': 'DATE_PART(_1, _2)',
    'HOUR/1': "DATE_PART('HOUR', _1)",
    'IF/3': 'CASE WHEN COALESCE(_1, FALSE) THEN _2 ELSE _3 END',
    'LOCALTIMESTAMP/0': 'FROM_UNIXTIME(UNIX_TIMESTAMP())',
    'MINUTE/1': "DATE_PART('MINUTE', _1)",
    'MOD/2': '_1 % _2',
    'MONTH/1': "DATE_PART('MONTH', _1)",
    'NOW/0': 'FROM_UNIXTIME(UNIX_TIMESTAMP())',
    'NVL2/3': 'CASE WHEN _1 IS NOT NULL THEN _2 ELSE _3 END',
    'QUARTER/1': "DATE_PART('QUARTER', _1)",
    'REGEXP_LIKE/2': 'REGEXP_EXTRACT(_2, _1) IS NOT NULL',
    'SECOND/1': "DATE_PART('SECOND', _1)",
    'SPLIT_INDEX/3': 'SPLIT(_1, _2)[_3 + 1]',
    'TO_DATE/1': 'CAST(_1 AS DATE)',
    'TO_TIMESTAMP/1': 'CAST(_1 AS TIMESTAMP)',
    'WEEK/1': "DATE_PART('WEEK', _1)",
    'WINDOW_END/0': 'FROM_UNIXTIME(WINDOWEND)',
    'WINDOW_START/0': 'FROM_UNIXTIME(WINDOWSTART)',
    'WINDOW_TIME/0': 'FROM_UNIXTIME(WINDOWEND - 1)',
    'YEAR/1': "DATE_PART('YEAR', _1)",
  }),
);

/** What a call with OVER learns from its frame, by its name and number of arguments: its aggregates are over that frame. */
export const learnedForms: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'ML_LABEL_ENCODER/1': 'ML_LABEL_ENCODER(_1, ARRAY_SORT(COLLECT_SET(_1) FILTER (WHERE _1 IS NOT NULL)))',
    'ML_MAX_ABS_SCALER/1': 'ML_MAX_ABS_SCALER(_1, MAX(ABS(_1)))',
    'ML_MIN_MAX_SCALER/1': 'ML_MIN_MAX_SCALER(_1, MIN(_1), MAX(_1))',
    'ML_ONE_HOT_ENCODER/1': 'ML_ONE_HOT_ENCODER(_1, ARRAY_SORT(COLLECT_SET(_1) FILTER (WHERE _1 IS NOT NULL)))',
    'ML_ROBUST_SCALER/1': 'ML_ROBUST_SCALER(_1, MEDIAN(_1), PERCENTILE(_1, 0.25), PERCENTILE(_1, 0.75))',
    'ML_ROBUST_SCALER/3': 'ML_ROBUST_SCALER(_1, MEDIAN(_1), PERCENTILE(_1, 0.25), PERCENTILE(_1, 0.75), _2, _3)',
    'ML_STANDARD_SCALER/1': 'ML_STANDARD_SCALER(_1, AVG(_1), STDDEV_POP(_1))',
    'ML_STANDARD_SCALER/3': 'ML_STANDARD_SCALER(_1, AVG(_1), STDDEV_POP(_1), _2, _3)',
  }),
);

/** Functions without arguments that other dialects write without parentheses. */
export const bareCalls: ReadonlySet<string> = new Set(['CURRENT_DATE', 'CURRENT_TIMESTAMP', 'LOCALTIMESTAMP']);

/** The function that makes a timestamp of milliseconds. */
export const timeOfMilliseconds = 'FROM_UNIXTIME';
