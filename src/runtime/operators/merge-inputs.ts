import type { Change } from '../change.ts';

/** Visits the changes of two inputs in order of sequence number; the left input comes first among equal numbers. */
export function mergeInputs(
  left: readonly Change[],
  right: readonly Change[],
  onLeft: (change: Change) => void,
  onRight: (change: Change) => void,
): void {
  let i = 0;
  let j = 0;
  while (i < left.length || j < right.length) {
    if (j >= right.length || (i < left.length && left[i]!.sequence <= right[j]!.sequence)) onLeft(left[i++]!);
    else onRight(right[j++]!);
  }
}
