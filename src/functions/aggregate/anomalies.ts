import { BOOLEAN, DOUBLE, struct, type SqlType, type Value } from '../../types/sql-type.ts';
import { aggregate, type Aggregator } from '../define.ts';
import { judgementOf, optionFault } from './anomaly/options.ts';
import { finiteOf } from './finite.ts';
import { optionalOptions } from './options.ts';

/** What was learned of the rows before the last one; and the last one, undefined (as an empty list) before the first. */
type State = [model: unknown, last: [] | [value: Value, time: Value]];

function detector(options: string): Aggregator {
  const { forecaster, deviations } = judgementOf(options);
  return {
    init: (): State => [forecaster.init(), []],
    add: (state: State, value, [time = null]) => {
      const [model, last] = state;
      if (last.length > 0) state[0] = forecaster.learn(model as never, finiteOf(last[0]!));
      state[1] = [value, time];
      return state;
    },
    merge: undefined,
    orderFree: false,
    judgesLast: true,
    result: ([model, [value = null, time = null]]: State) => {
      const forecast = forecaster.forecast(model as never);
      if (forecast === undefined) return [time, value, null, null, null, null, null, null];
      const { value: expected, deviation, rmse, aic } = forecast;
      const lower = expected - deviations * deviation;
      const upper = expected + deviations * deviation;
      const isAnomaly = value === null ? null : !((value as number) >= lower && (value as number) <= upper);
      return [time, value, expected, lower, upper, isAnomaly, rmse, aic];
    },
  };
}

const resultType = (time: SqlType): SqlType =>
  struct([
    { name: 'TIMESTAMP', type: time },
    { name: 'ACTUAL_VALUE', type: DOUBLE },
    { name: 'FORECAST_VALUE', type: DOUBLE },
    { name: 'LOWER_BOUND', type: DOUBLE },
    { name: 'UPPER_BOUND', type: DOUBLE },
    { name: 'IS_ANOMALY', type: BOOLEAN },
    { name: 'RMSE', type: DOUBLE },
    { name: 'AIC', type: DOUBLE },
  ]);

export const detectAnomalies = aggregate({
  name: 'ML_DETECT_ANOMALIES',
  doc: "Whether a value is beyond what the rows before it let expect: time, value, forecast, bounds, whether it is an anomaly (null before enough rows), root of the mean squared error, Akaike's criterion. Options as JSON: method ROBUST (default), EWMA or SEASONAL; minTrainingSize, confidencePercentage; maxTrainingSize; alpha, beta, gamma, m.",
  category: 'AGGREGATE',
  overloads: (['BIGINT', 'TIMESTAMP'] as const).flatMap((time) =>
    optionalOptions(`value DOUBLE, time ${time}`, resultType({ kind: time }), detector, optionFault),
  ),
  needsRows: true,
  standard: 'same',
});
