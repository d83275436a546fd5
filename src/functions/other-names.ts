import { closest } from '../util/closest.ts';
import { functionNames } from './registry.ts';

/** What functions are called in other dialects, where no letter tells it: PostgreSQL's, Flink's, Spark's and MySQL's names. */
export const otherNames: Readonly<Record<string, string>> = {
  APPROX_COUNT_DISTINCT: 'COUNT_DISTINCT',
  ARRAY_AGG: 'COLLECT_LIST',
  CARDINALITY: 'ARRAY_LENGTH',
  CHAR_LENGTH: 'LEN',
  CURRENT_DATE: 'UNIX_DATE',
  CURRENT_TIMESTAMP: 'UNIX_TIMESTAMP',
  DATE_FORMAT: 'FORMAT_TIMESTAMP',
  GET_JSON_OBJECT: 'EXTRACTJSONFIELD',
  ISNULL: 'IFNULL',
  JSON_EXTRACT: 'EXTRACTJSONFIELD',
  JSON_QUERY: 'EXTRACTJSONFIELD',
  JSON_VALUE: 'EXTRACTJSONFIELD',
  LENGTH: 'LEN',
  LOWER: 'LCASE',
  MEAN: 'AVG',
  NOW: 'UNIX_TIMESTAMP',
  NVL: 'IFNULL',
  RAND: 'RANDOM',
  SIZE: 'ARRAY_LENGTH',
  STDDEV: 'STDDEV_SAMPLE',
  STRPOS: 'INSTR',
  TO_CHAR: 'FORMAT_TIMESTAMP',
  TO_DATE: 'PARSE_DATE',
  TO_TIMESTAMP: 'PARSE_TIMESTAMP',
  UNNEST: 'EXPLODE',
  UPPER: 'UCASE',
};

/** The function that was probably meant: what another dialect calls so, or the one that is written most alike. */
export function suggestedFunction(name: string): string | undefined {
  return otherNames[name] ?? closest(name, functionNames());
}
