import type { Digest } from '../../specs/column-stats.ts';
import { addDigest, addValue, emptyDigest, settle, weightOf } from './digest.ts';

/**
 * What labels say of scores: how many pairs there are, the sum of squared differences, the scores whose label is true and those whose
 * label is false, and by tenths of the score how many there are, with the sums of scores and of labels.
 */
export type Quality = [count: number, squares: number, positive: Digest, negative: Digest, tenths: number[]];

export const emptyQuality = (): Quality => [0, 0, emptyDigest(), emptyDigest(), new Array<number>(30).fill(0)];

export function addPair(quality: Quality, score: number, label: number): void {
  quality[0]++;
  quality[1] += (score - label) ** 2;
  addValue(label > 0.5 ? quality[2] : quality[3], score);
  const tenth = Math.min(9, Math.max(0, Math.floor(score * 10))) * 3;
  quality[4][tenth]!++;
  quality[4][tenth + 1]! += score;
  quality[4][tenth + 2]! += label;
}

export function addQuality(into: Quality, from: Quality): void {
  into[0] += from[0];
  into[1] += from[1];
  addDigest(into[2], from[2]);
  addDigest(into[3], from[3]);
  from[4].forEach((each, i) => (into[4][i]! += each));
}

/** How much weight is at or above a threshold. */
function above(digest: Digest, threshold: number): number {
  settle(digest);
  let sum = 0;
  for (const [i, value] of digest[0].entries()) if (value >= threshold) sum += digest[1][i]!;
  return sum;
}
const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);

/** The share of scores on the side of one half where their label is. */
export function accuracy([count, , positive, negative]: Quality): number | null {
  const right = above(positive, 0.5) + weightOf(negative) - above(negative, 0.5);
  return share(right, count);
}
export function precisionAt([, , positive, negative]: Quality, threshold: number): number | null {
  const hits = above(positive, threshold);
  return share(hits, hits + above(negative, threshold));
}
export const recallAt = ([, , positive]: Quality, threshold: number): number | null =>
  share(above(positive, threshold), weightOf(positive));
export const rootMeanSquare = ([count, squares]: Quality): number | null =>
  count === 0 ? null : Math.sqrt(squares / count);

/** The chance that a true one scores above a false one; equal scores count half. */
export function areaUnderCurve([, , positive, negative]: Quality): number | null {
  const [trues, falses] = [weightOf(positive), weightOf(negative)];
  if (trues === 0 || falses === 0) return null;
  let below = 0;
  let at = 0;
  let won = 0;
  for (const [i, value] of positive[0].entries()) {
    while (at < negative[0].length && negative[0][at]! < value) below += negative[1][at++]!;
    const equal = negative[0][at] === value ? negative[1][at]! : 0;
    won += positive[1][i]! * (below + equal / 2);
  }
  return won / (trues * falses);
}

/** The expected calibration error: by tenths of the score how far the mean score is from the share that was true. */
export function calibration([count, , , , tenths]: Quality): number | null {
  if (count === 0) return null;
  let sum = 0;
  for (let i = 0; i < tenths.length; i += 3) sum += Math.abs(tenths[i + 1]! - tenths[i + 2]!);
  return sum / count;
}
