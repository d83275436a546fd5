/** What the rows before one let expect of its value; null where they do not tell. */
export interface Forecast {
  readonly value: number;
  /** How far a value may be from it, in standard deviations of 1. */
  readonly deviation: number;
  /** The root of the mean squared error over the rows it was learned from. */
  readonly rmse: number;
  /** Akaike's information criterion. */
  readonly aic: number | null;
}

/** Learns from values in order. Models are plain values, which stores write as they are; `learn` may change the given one. */
export interface Forecaster {
  readonly init: () => unknown;
  /** Learns a value; null is a row without one. */
  readonly learn: (model: never, value: number | null) => unknown;
  /** Undefined until enough rows were learned. */
  readonly forecast: (model: never) => Forecast | undefined;
}

/** Of errors that are normally distributed; `parameters` counts what was fitted. Null where there was no error. */
export const akaike = (squares: number, count: number, parameters: number): number | null =>
  squares === 0 ? null : count * Math.log(squares / count) + 2 * parameters;

/** The sum of values in their order, divided by their number. */
export function mean(values: readonly number[] | Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
