import { compareDoubles, compareValues } from '../../types/compare.ts';
import type { SqlType, Value } from '../../types/sql-type.ts';
import { aggregate, aggregateOverload, type AggregateFunction, type Aggregator } from '../define.ts';

function extreme(type: SqlType, sign: 1 | -1): Aggregator {
  const better = (left: Value, right: Value): Value =>
    right === null ? left : left === null || sign * compareValues(type, right, left) > 0 ? right : left;
  return { init: () => null, add: better, merge: better, orderFree: true, result: (state: Value) => state };
}
/** NaN is the greatest value. 0 and -0 are equal; the result is 0. */
function extremeDouble(sign: 1 | -1): Aggregator {
  const better = (left: Value, right: Value): Value =>
    right === null ? left : left === null || sign * compareDoubles(right as number, left as number) > 0 ? right : left;
  return {
    init: () => null,
    add: better,
    merge: better,
    orderFree: true,
    result: (state: number | null) => (state === null ? null : state + 0),
  };
}
const types = ['INTEGER', 'BIGINT', 'DOUBLE', 'DECIMAL', 'DATE', 'TIME', 'TIMESTAMP', 'STRING', 'BYTES'];
const make = (name: string, doc: string, sign: 1 | -1): AggregateFunction =>
  aggregate({
    name,
    doc,
    category: 'AGGREGATE',
    overloads: types.map((type) => aggregateOverload(`value ${type}`, type, ({ returns }) => extreme(returns, sign))),
    standard: types.map((type) =>
      aggregateOverload(`value ${type}`, type, ({ returns }) =>
        type === 'DOUBLE' ? extremeDouble(sign) : extreme(returns, sign),
      ),
    ),
  });

export const max = make(
  'MAX',
  'The greatest value; nulls are skipped. In the standard set NaN is greater than any other.',
  1,
);
export const min = make(
  'MIN',
  'The least value; nulls are skipped. In the standard set NaN is greater than any other.',
  -1,
);
