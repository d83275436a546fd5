import { aggregate, aggregateOverload, type AggregateFunction } from '../define.ts';

/** Welford's running moments: count, mean and the sum of squared distances from it. */
type State = [count: number, mean: number, m2: number];

const make = (name: string, doc: string, finish: (variance: number) => number): AggregateFunction =>
  aggregate({
    name,
    doc,
    category: 'AGGREGATE',
    overloads: ['INTEGER', 'BIGINT', 'DOUBLE'].map((type) =>
      aggregateOverload(`value ${type}`, 'DOUBLE', () => ({
        init: (): State => [0, 0, 0],
        add: ([count, mean, m2]: State, value): State => {
          if (value === null) return [count, mean, m2];
          const x = Number(value);
          const delta = x - mean;
          const next = mean + delta / (count + 1);
          return [count + 1, next, m2 + delta * (x - next)];
        },
        undo: ([count, mean, m2]: State, value): State => {
          if (value === null) return [count, mean, m2];
          if (count <= 1) return [0, 0, 0];
          const x = Number(value);
          const previous = (mean * count - x) / (count - 1);
          return [count - 1, previous, m2 - (x - mean) * (x - previous)];
        },
        merge: ([n, a, p]: State, [m, b, q]: State): State => {
          const count = n + m;
          if (count === 0) return [0, 0, 0];
          const delta = b - a;
          return [count, a + (delta * m) / count, p + q + (delta * delta * n * m) / count];
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
