import { closest } from '../util/closest.ts';
import { functionNames } from './registry.ts';

/** Names of functions in PostgreSQL, Flink, Spark and MySQL that mean something else here, for suggestions. */
export const otherNames: Readonly<Record<string, string>> = {
  APPROX_QUANTILE: 'APPROX_PERCENTILE',
  ISNULL: 'IFNULL',
  JSON_EXTRACT: 'EXTRACTJSONFIELD',
  PERCENTILE_CONT: 'PERCENTILE',
  PERCENTILE_DISC: 'PERCENTILE',
  QUANTILE: 'PERCENTILE',
  TO_CHAR: 'FORMAT_TIMESTAMP',
};

/** The function to suggest for an unknown name: that of another dialect's name, else the nearest by edit distance. */
export function suggestedFunction(name: string): string | undefined {
  return otherNames[name] ?? closest(name, functionNames());
}
