import { compareValues } from '../../types/compare.ts';
import type { Value } from '../../types/sql-type.ts';
import { boundOverload, scalar, type ScalarFunction } from '../define.ts';

const extreme = (name: string, doc: string, wins: (order: number) => boolean): ScalarFunction =>
  scalar({
    name,
    doc,
    category: 'NUMERIC',
    overloads: ['INTEGER', 'BIGINT', 'DECIMAL', 'DOUBLE', 'STRING', 'BYTES', 'DATE', 'TIME', 'TIMESTAMP'].map((type) =>
      boundOverload(
        `first ${type}, others ${type}...`,
        type,
        ({ returns }) =>
          (...values: Value[]) =>
            values.reduce(
              (best, value) =>
                value === null ? best : best === null || wins(compareValues(returns, value, best)) ? value : best,
              null,
            ),
        { acceptsNull: true },
      ),
    ),
  });

export const greatest = extreme('GREATEST', 'The greatest of the values; nulls are ignored.', (order) => order > 0);
export const least = extreme('LEAST', 'The least of the values; nulls are ignored.', (order) => order < 0);
