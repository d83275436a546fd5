import type { Change } from '../change.ts';
import { batchOf, rowsOf, sizeOf, type Batch } from '../batch.ts';
import type { Operator } from '../operator.ts';
import { mergeInputs } from './merge-inputs.ts';

/** Merges two streams in order of arrival. Stateless. */
export class Union implements Operator {
  process([leftBatch, rightBatch]: readonly Batch[]): Batch {
    if (sizeOf(rightBatch!) === 0) return leftBatch!;
    if (sizeOf(leftBatch!) === 0) return rightBatch!;
    const result: Change[] = [];
    const add = (change: Change): void => void result.push(change);
    mergeInputs(rowsOf(leftBatch!), rowsOf(rightBatch!), add, add);
    return batchOf(result);
  }
}
