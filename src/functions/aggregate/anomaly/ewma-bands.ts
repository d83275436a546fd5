import { akaike, type Forecaster } from './forecaster.ts';

type Model = [count: number, mean: number, variance: number, squares: number];

/** The exponentially weighted mean, and the variance of the same weights. */
export function ewmaBands(least: number, alpha: number): Forecaster {
  return {
    init: (): Model => [0, 0, 0, 0],
    learn: (model: Model, value) => {
      if (value === null) return model;
      if (model[0]++ === 0) {
        model[1] = value;
        return model;
      }
      const error = value - model[1];
      model[1] += alpha * error;
      model[2] = (1 - alpha) * (model[2] + alpha * error * error);
      model[3] += error * error;
      return model;
    },
    forecast: ([count, value, variance, squares]: Model) =>
      count < least
        ? undefined
        : {
            value,
            deviation: Math.sqrt(variance),
            rmse: Math.sqrt(squares / (count - 1)),
            aic: akaike(squares, count - 1, 2),
          },
  };
}
