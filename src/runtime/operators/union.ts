import type { Change } from '../change.ts';
import type { Operator } from '../operator.ts';
import { mergeInputs } from './merge-inputs.ts';

/** The rows of two streams in the order in which they came. Stateless. */
export class Union implements Operator {
  process([left, right]: readonly (readonly Change[])[]): readonly Change[] {
    if (right!.length === 0) return left!;
    if (left!.length === 0) return right!;
    const result: Change[] = [];
    const add = (change: Change): void => void result.push(change);
    mergeInputs(left!, right!, add, add);
    return result;
  }
}
