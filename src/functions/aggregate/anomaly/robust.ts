import { mean, type Forecaster } from './forecaster.ts';

/** A deviation of 1 of the normal distribution has this median, and this mean, of its absolute deviations. */
const normalMad = 0.6744897501960817;
const normalMean = 0.7978845608028654;

const middle = (sorted: Float64Array): number => {
  const { length } = sorted;
  return (sorted[(length - 1) >> 1]! + sorted[length >> 1]!) / 2;
};

/**
 * The median of the newest `most` values, and their median absolute deviation (the mean one, if half of the values or more are
 * equal): values far away do not move either.
 */
export function robust(least: number, most: number): Forecaster {
  return {
    init: () => [],
    learn: (values: number[], value) => {
      if (value === null) return values;
      if (values.length === most) values.shift();
      values.push(value);
      return values;
    },
    forecast: (values: readonly number[]) => {
      if (values.length < least) return undefined;
      const centre = middle(Float64Array.from(values).sort());
      const distances = Float64Array.from(values, (value) => Math.abs(value - centre)).sort();
      const mad = middle(distances);
      return {
        value: centre,
        deviation: mad === 0 ? mean(distances) / normalMean : mad / normalMad,
        rmse: Math.sqrt(mean(distances.map((distance) => distance * distance))),
        aic: null,
      };
    },
  };
}
