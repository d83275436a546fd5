import type { StepColumn } from '../../plan/physical/steps/base.ts';
import { batchOf, rowsOf, type Batch } from '../batch.ts';
import { Change } from '../change.ts';
import type { Operator } from '../operator.ts';

/**
 * A step that repartitions its input puts the partition key's columns first; this drops them and restores the row's own key.
 */
export function stripInternalKeys(operator: Operator, columns: readonly StepColumn[], actual: number): Operator {
  const extra = actual - columns.length;
  if (extra <= 0) return operator;
  const keySlots = columns.flatMap(({ role }, slot) => (role === 'key' ? [slot] : []));
  const stripped = (batch: Batch): Batch =>
    batchOf(
      rowsOf(batch).map(({ after, timestamp, sequence, window, headers }) => {
        const row = after!.slice(extra);
        return new Change(
          keySlots.map((slot) => row[slot]!),
          undefined,
          row,
          timestamp,
          sequence,
          window,
          headers,
        );
      }),
    );
  return {
    process: (inputs) => stripped(operator.process(inputs) as Batch),
    ...(operator.valuesAt && { valuesAt: (key, time) => operator.valuesAt!(key, time) }),
    ...(operator.closeIdle && { closeIdle: () => stripped(operator.closeIdle!()) }),
  };
}
