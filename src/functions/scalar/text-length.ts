import { EvaluationError } from '../../types/numbers.ts';

/** More than any topic takes in a record. */
const maxLength = 64 * 1024 * 1024;

/** Refuses a result of this length before it is made. */
export function checkLength(length: number): void {
  if (length > maxLength) throw new EvaluationError(`a length of ${length} is more than ${maxLength}`);
}
