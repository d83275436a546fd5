import type { SqlType } from '../types/sql-type.ts';

const numbers: readonly SqlType['kind'][] = ['INTEGER', 'BIGINT', 'DOUBLE', 'DECIMAL'];
const scalars: readonly SqlType['kind'][] = [...numbers, 'STRING', 'DATE', 'TIME', 'TIMESTAMP'];

/** A fact of a column: its name, its type, what computes it, and the types of columns that have it; the others are null. */
export interface SummaryFact {
  readonly name: string;
  readonly type: SqlType['kind'] & ('STRING' | 'BIGINT' | 'DOUBLE');
  readonly of: (column: string) => string;
  readonly has: readonly SqlType['kind'][];
}
const number = (name: string, of: SummaryFact['of']): SummaryFact => ({ name, type: 'DOUBLE', of, has: numbers });
const quantile = (name: string, share: string): SummaryFact =>
  number(name, (column) => `APPROX_PERCENTILE(CAST(${column} AS DOUBLE), ${share})`);

/** DuckDB's names, in its order. */
export const summaryFacts: readonly SummaryFact[] = [
  { name: 'MIN', type: 'STRING', of: (column) => `CAST(MIN(${column}) AS STRING)`, has: scalars },
  { name: 'MAX', type: 'STRING', of: (column) => `CAST(MAX(${column}) AS STRING)`, has: scalars },
  {
    name: 'APPROX_UNIQUE',
    type: 'BIGINT',
    of: (column) => `APPROX_COUNT_DISTINCT(${column})`,
    has: [...scalars, 'BOOLEAN'],
  },
  number('AVG', (column) => `AVG(CAST(${column} AS DOUBLE))`),
  number('STD', (column) => `STDDEV_SAMPLE(CAST(${column} AS DOUBLE))`),
  quantile('Q25', '0.25'),
  quantile('Q50', '0.5'),
  quantile('Q75', '0.75'),
];

/** What every column has: the number of rows, and the percentage of them that is null. They stand behind the facts. */
export const summaryCounts = [
  { name: 'COUNT', type: 'BIGINT' },
  { name: 'NULL_PERCENTAGE', type: 'DOUBLE' },
] as const;

/** What computes how many rows there are, or how many of a column's values are not null. */
export const countOf = (column = '*'): string => `COUNT(${column})`;
