import type { Value, Row } from '../../types/sql-type.ts';
import { Change } from '../change.ts';
import { batchOf, rowsOf, type Batch } from '../batch.ts';
import type { Operator, RecordPosition } from '../operator.ts';

/** Evaluates table functions: each row gives as many rows as the longest result, shorter ones padded with NULLs. Stateless. */
export class FlatMap implements Operator {
  readonly #functions: readonly ((row: Row) => readonly Value[])[];
  readonly #position: RecordPosition;

  constructor(functions: readonly ((row: Row) => readonly Value[])[], position: RecordPosition) {
    this.#functions = functions;
    this.#position = position;
  }

  process([batch]: readonly Batch[]): Batch {
    const changes = rowsOf(batch!);
    const result = changes.flatMap((change) => {
      const { after } = change;
      if (after === undefined) return [];
      this.#position.sequence = change.sequence;
      const lists = this.#functions.map((tableFunction) => tableFunction(after));
      return Array.from({ length: Math.max(...lists.map(({ length }) => length)) }, (_, i) => {
        const row = [...after, ...lists.map((list) => list[i] ?? null)];
        return new Change(change.key, undefined, row, change.timestamp, change.sequence, change.window, change.headers);
      });
    });
    return batchOf(result);
  }
}
