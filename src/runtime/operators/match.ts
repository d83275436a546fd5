import type { Row, Value } from '../../types/sql-type.ts';
import { batchOf, rowsOf, type Batch } from '../batch.ts';
import { Change, hasNull, keyText } from '../change.ts';
import { emptyPartition, isIdle, takeRow, type Candidate, type PartitionState, type Search } from '../match/matcher.ts';
import type { Operator, RecordPosition } from '../operator.ts';
import type { KeyValueStore } from '../stores/key-value-store.ts';

export interface MatchParts {
  readonly partitionBy: (row: Row) => Row;
  readonly orderBy: (row: Row) => Value;
  /** What conditions and measures read of a row. */
  readonly read: (row: Row) => Row;
  readonly measures: (match: Candidate) => Row;
  readonly search: Search;
  readonly position: RecordPosition;
  /** Whether the number of a match is asked for, which a partition must remember. */
  readonly isNumbered: boolean;
}

/**
 * MATCH_RECOGNIZE: a row for each match, when it is over, keyed by its partition. Rows without a time, or with a null in their
 * partition, take no part. A partition is forgotten when no attempt is open and no row before the next is looked at.
 */
export class Match implements Operator {
  readonly #store: KeyValueStore<PartitionState>;
  readonly #parts: MatchParts;

  constructor(store: KeyValueStore<PartitionState>, parts: MatchParts) {
    this.#store = store;
    this.#parts = parts;
  }

  process([batch]: readonly Batch[]): Batch {
    const { partitionBy, orderBy, read, measures, search, position, isNumbered } = this.#parts;
    const result: Change[] = [];
    for (const change of rowsOf(batch!)) {
      const { after, sequence, timestamp, headers } = change;
      if (after === undefined) continue;
      position.sequence = sequence;
      const key = partitionBy(after);
      const time = orderBy(after);
      if (hasNull(key) || time === null) continue;
      const text = keyText(key);
      const partition = this.#store.get(text) ?? emptyPartition();
      takeRow(partition, read(after), Number(time), search, (match) => {
        const row = [...key, ...measures(match), timestamp];
        result.push(new Change(key, undefined, row, timestamp, sequence, undefined, headers));
      });
      if (!isNumbered && isIdle(partition)) this.#store.delete(text);
      else this.#store.put(text, partition);
    }
    return batchOf(result);
  }
}
