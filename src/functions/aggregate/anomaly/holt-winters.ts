import { akaike, mean, type Forecaster } from './forecaster.ts';

/** `first`: the values of the first two seasons, until there are all. The place of the next row in its season is `count % m`. */
type Model = [
  count: number,
  level: number,
  trend: number,
  season: number[],
  squares: number,
  errors: number,
  first: number[],
];

interface Smoothing {
  readonly alpha: number;
  readonly beta: number;
  readonly gamma: number;
  /** The number of rows of a season. */
  readonly m: number;
}

/**
 * The method of Holt and Winters with a trend and a season that are added. It begins with the means of the first two seasons and the
 * distances of the first one from its mean. A row without a value is a step of the season, too: it is as forecast; in the first two
 * seasons it is as the season before it, or as the row before it.
 */
export function holtWinters(least: number, { alpha, beta, gamma, m }: Smoothing): Forecaster {
  const step = (model: Model, value: number | null): void => {
    const [count, level, trend, season] = model;
    const at = count % m;
    const seasonal = season[at]!;
    const next = level + trend;
    model[0] = count + 1;
    if (value === null) {
      model[1] = next;
      return;
    }
    const error = value - (next + seasonal);
    model[4] += error * error;
    model[5]++;
    model[1] = alpha * (value - seasonal) + (1 - alpha) * next;
    model[2] = beta * (model[1] - level) + (1 - beta) * trend;
    season[at] = gamma * (value - next) + (1 - gamma) * seasonal;
  };
  const begin = (model: Model): void => {
    const values = model[6];
    const one = values.slice(0, m);
    const level = mean(one);
    model[1] = level;
    model[2] = (mean(values.slice(m)) - level) / m;
    model[3] = one.map((value) => value - level);
    model[6] = [];
    for (const value of values) step(model, value);
  };
  return {
    init: (): Model => [0, 0, 0, [], 0, 0, []],
    learn: (model: Model, value) => {
      if (model[0] > 0) {
        step(model, value);
        return model;
      }
      const first = model[6];
      const known = value ?? first[first.length - m] ?? first.at(-1);
      if (known !== undefined && first.push(known) === 2 * m) begin(model);
      return model;
    },
    forecast: ([count, level, trend, season, squares, errors]: Model) => {
      if (count < least) return undefined;
      const rmse = Math.sqrt(squares / errors);
      return {
        value: level + trend + season[count % m]!,
        deviation: rmse,
        rmse,
        aic: akaike(squares, errors, 5 + m),
      };
    },
  };
}
