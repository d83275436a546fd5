import { DOUBLE, struct } from '../../types/sql-type.ts';
import { aggregate, aggregateOverload } from '../define.ts';

const sums = struct(['COUNT', 'SUM_X', 'SUM_Y', 'SUM_XX', 'SUM_YY', 'SUM_XY'].map((name) => ({ name, type: DOUBLE })));
type State = [n: number, x: number, y: number, xx: number, yy: number, xy: number];

export const correlation = aggregate({
  name: 'CORRELATION',
  doc: 'Pearson correlation of two columns; rows with a null are skipped, NaN without variance.',
  category: 'AGGREGATE',
  overloads: ['INTEGER', 'BIGINT', 'DOUBLE'].map((type) =>
    aggregateOverload(
      `x ${type}, y ${type}`,
      'DOUBLE',
      () => {
        const change = (s: State, a: unknown, b: unknown, sign: number): State => {
          if (a === null || b === null) return s;
          const [x, y] = [Number(a), Number(b)];
          return [
            s[0] + sign,
            s[1] + sign * x,
            s[2] + sign * y,
            s[3] + sign * x * x,
            s[4] + sign * y * y,
            s[5] + sign * x * y,
          ];
        };
        return {
          init: (): State => [0, 0, 0, 0, 0, 0],
          add: (s: State, value, rest) => change(s, value, rest[0], 1),
          undo: (s: State, value, rest) => change(s, value, rest[0], -1),
          merge: (left: State, right: State) => left.map((part, i) => part + right[i]!),
          orderFree: true,
          result: ([n, x, y, xx, yy, xy]: State) => (n * xy - x * y) / Math.sqrt((n * xx - x * x) * (n * yy - y * y)),
        };
      },
      () => sums,
    ),
  ),
});
