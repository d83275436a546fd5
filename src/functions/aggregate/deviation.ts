import { aggregate, aggregateOverload, type AggregateFunction } from '../define.ts';

/** Youngs and Cramer's running moments, as ksqlDB has them: count, sum, and the sum of squared distances from the mean. */
type State = [count: number, sum: number, m2: number];

const make = (name: string, doc: string, finish: (variance: number) => number): AggregateFunction =>
  aggregate({
    name,
    doc,
    category: 'AGGREGATE',
    overloads: ['INTEGER', 'BIGINT', 'DOUBLE'].map((type) =>
      aggregateOverload(`value ${type}`, 'DOUBLE', () => ({
        init: (): State => [0, 0, 0],
        add: ([count, sum, m2]: State, value): State => {
          if (value === null) return [count, sum, m2];
          const x = Number(value);
          const n = count + 1;
          const distance = n * x - (sum + x);
          return [n, sum + x, count === 0 ? 0 : m2 + (distance * distance) / (n * count)];
        },
        undo: ([count, sum, m2]: State, value): State => {
          if (value === null) return [count, sum, m2];
          if (count <= 1) return [0, 0, 0];
          const x = Number(value);
          const distance = count * x - sum;
          return [count - 1, sum - x, m2 - (distance * distance) / (count * (count - 1))];
        },
        merge: ([n, a, p]: State, [m, b, q]: State): State => {
          if (n === 0 || m === 0) return [n + m, a + b, p + q];
          const delta = b / m - a / n;
          return [n + m, a + b, p + q + (delta * delta * n * m) / (n + m)];
        },
        orderFree: true,
        result: ([count, , m2]: State) => (count < 2 ? 0 : finish(m2 / (count - 1))),
      })),
    ),
  });

export const stddevSamp = make(
  'STDDEV_SAMP',
  'The sample variance: ksqlDB keeps this under the name of the deviation. STDDEV_SAMPLE is the deviation.',
  (variance) => variance,
);
export const stddevSample = make(
  'STDDEV_SAMPLE',
  'The sample standard deviation; 0 of fewer than two values.',
  Math.sqrt,
);
