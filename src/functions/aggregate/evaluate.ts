import type { Value } from '../../types/sql-type.ts';
import { aggregate, aggregateOverload, type Aggregator } from '../define.ts';
import { ratioToDouble } from './exact-ratio.ts';
import {
  exactSum,
  exclude,
  excludeProduct,
  include,
  includeProduct,
  joinSums,
  roundedMean,
  roundedSum,
  type ExactSum,
} from './exact-sum.ts';
import { exactlyCentered } from './moments.ts';

/** How often each score was given to rows that are false, and to rows that are true. */
type Scores = [negatives: Map<number, number>, positives: Map<number, number>];

const isNumber = (value: Value): value is number => typeof value === 'number' && Number.isFinite(value);

function count(state: Scores, label: Value, score: Value, by: number): Scores {
  if (label === null || !isNumber(score)) return state;
  const scores = state[label === true ? 1 : 0];
  const left = (scores.get(score) ?? 0) + by;
  if (left > 0) scores.set(score, left);
  else scores.delete(score);
  return state;
}

const ratio = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);

/** Scores are taken in order, so that sums depend on the rows only and not on which came first. */
function ofClasses([negatives, positives]: Scores, threshold: number): Value {
  const scores = [...new Set([...negatives.keys(), ...positives.keys()])].sort((a, b) => a - b);
  if (scores.length === 0) return null;
  let [below, above, trueBelow, trueAbove, pairs, distance, squares] = [0, 0, 0, 0, 0, 0, 0];
  for (const score of scores) {
    const no = negatives.get(score) ?? 0;
    const yes = positives.get(score) ?? 0;
    // Twice the pairs of a false row and a true one that the score puts in order; equal scores count half.
    pairs += yes * (2 * (below + above) + no);
    distance += no * Math.abs(score) + yes * Math.abs(1 - score);
    squares += no * score * score + yes * (1 - score) * (1 - score);
    if (score >= threshold) {
      above += no;
      trueAbove += yes;
    } else {
      below += no;
      trueBelow += yes;
    }
  }
  const [no, yes] = [below + above, trueBelow + trueAbove];
  const rows = no + yes;
  return new Map<string, number | null>([
    ['ROWS', rows],
    ['ACCURACY', (below + trueAbove) / rows],
    ['PRECISION', ratio(trueAbove, above + trueAbove)],
    ['RECALL', ratio(trueAbove, yes)],
    ['F1', ratio(2 * trueAbove, 2 * trueAbove + above + trueBelow)],
    ['AUC', ratio(pairs, 2 * no * yes)],
    ['MAE', distance / rows],
    ['RMSE', Math.sqrt(squares / rows)],
  ]);
}

const classes = (threshold: number): Aggregator => ({
  init: (): Scores => [new Map(), new Map()],
  add: (state: Scores, label, [score]) => count(state, label, score!, 1),
  undo: (state: Scores, label, [score]) => count(state, label, score!, -1),
  merge: (left: Scores, right: Scores): Scores => {
    const joined: Scores = [new Map(left[0]), new Map(left[1])];
    for (const [score, times] of right[0]) count(joined, false, score, times);
    for (const [score, times] of right[1]) count(joined, true, score, times);
    return joined;
  },
  orderFree: true,
  growing: true,
  result: (state: Scores) => ofClasses(state, threshold),
});

/** The exact sums of the errors' sizes and squares, and of the labels and their squares. */
type Errors = [sizes: ExactSum, squares: ExactSum, labels: ExactSum, labelSquares: ExactSum];

const changing =
  (term: typeof include, product: typeof includeProduct) =>
  (state: Errors, label: Value, [prediction]: readonly Value[]): Errors => {
    if (!isNumber(label) || !isNumber(prediction!)) return state;
    const error = label - prediction;
    if (!Number.isFinite(error)) return state;
    term(state[0], Math.abs(error));
    product(state[1], error, error);
    term(state[2], label);
    product(state[3], label, label);
    return state;
  };

function ofNumbers([sizes, squares, labels, labelSquares]: Errors): Value {
  const rows = sizes[0]!;
  if (rows === 0) return null;
  const { digits, exponent } = exactlyCentered(rows, labelSquares, labels, labels);
  const spread = digits === 0n ? 0 : ratioToDouble(digits, BigInt(rows), exponent);
  const meanSquare = roundedMean(squares);
  return new Map<string, number | null>([
    ['ROWS', rows],
    ['MAE', roundedMean(sizes)],
    ['MSE', meanSquare],
    ['RMSE', Math.sqrt(meanSquare)],
    ['R2', spread === 0 ? null : 1 - roundedSum(squares) / spread],
  ]);
}

export const mlEvaluate = aggregate({
  name: 'ML_EVALUATE',
  doc: 'How good predictions are, beside labels. Of a label that is true or false and a score: ROWS, ACCURACY, PRECISION, RECALL and F1 of scores from the threshold on (0.5), AUC, MAE and RMSE. Of numbers: ROWS, MAE, MSE, RMSE and R2. What nothing can be divided by is null, rows without a label or a finite number are skipped, null of none. Every different score is kept, so round it where there are many rows.',
  category: 'AGGREGATE',
  overloads: [
    aggregateOverload('label BOOLEAN, score DOUBLE', 'MAP<STRING, DOUBLE>', () => classes(0.5)),
    aggregateOverload('label BOOLEAN, score DOUBLE, threshold const DOUBLE', 'MAP<STRING, DOUBLE>', ({ constants }) =>
      classes(Number(constants[2])),
    ),
    aggregateOverload('label DOUBLE, prediction DOUBLE', 'MAP<STRING, DOUBLE>', () => ({
      init: (): Errors => [exactSum(), exactSum(), exactSum(), exactSum()],
      add: changing(include, includeProduct),
      undo: changing(exclude, excludeProduct),
      merge: (left: Errors, right: Errors) => left.map((sum, i) => joinSums(sum, right[i]!)),
      orderFree: true,
      result: ofNumbers,
    })),
  ],
  standard: 'same',
});
