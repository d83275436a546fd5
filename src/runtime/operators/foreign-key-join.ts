import type { Row } from '../../types/sql-type.ts';
import { Change, keyText } from '../change.ts';
import { batchOf, rowsOf, type Batch } from '../batch.ts';
import { told, type Operator, type RecordPosition } from '../operator.ts';
import type { GroupedStore } from '../stores/grouped-store.ts';
import type { KeyValueStore } from '../stores/key-value-store.ts';
import { mergeInputs } from './merge-inputs.ts';
import type { JoinMatches } from './stream-table-join.ts';

/**
 * A foreign-key join in three operators, after KIP-213. `ForeignKeySubscribe` sends each change of the left table to the
 * partition of the right row that its foreign key refers to. There, `ForeignKeyLookup` stores which left rows refer to which
 * right row, and emits joined rows as answers, also when a right row changes. `ForeignKeyResolve` receives the answers on the
 * left row's partition. When a foreign key changes, answers of two partitions may arrive out of order, so every message carries
 * the version of its left row.
 */
type Order = (typeof order)[keyof typeof order];
const order = {
  /** The row has another foreign key now; the partition of that key answers. */
  forget: 0,
  /** The row is deleted, or its foreign key is NULL now. */
  forgetAndAnswer: 1,
  /** The row is new: it is only answered if the right row exists. */
  rememberAndAnswerIfFound: 2,
  remember: 3,
} as const;

/** Evaluates the foreign key of a left row; NULL when it refers to no row. */
type ForeignKeyOf = (row: Row) => Row;

/**
 * Turns left changes into messages to the partitions of their foreign keys: [foreign key…, left key…, version, order, left
 * row…].
 */
export class ForeignKeySubscribe implements Operator {
  readonly #store: KeyValueStore<never>;
  readonly #foreignKey: ForeignKeyOf;
  readonly #isLeft: boolean;
  readonly #width: number;
  readonly #position: RecordPosition;

  /** `width`: the number of columns of a left row. */
  constructor(
    store: KeyValueStore<never>,
    foreignKey: ForeignKeyOf,
    join: 'INNER' | 'LEFT',
    width: number,
    position: RecordPosition,
  ) {
    this.#store = store;
    this.#foreignKey = foreignKey;
    this.#isLeft = join === 'LEFT';
    this.#width = width;
    this.#position = position;
  }

  process([batch]: readonly Batch[]): Batch {
    const changes = rowsOf(batch!);
    const result: Change[] = [];
    let [version = 0] = this.#store.meta ?? [];
    const nothing = new Array<null>(this.#width).fill(null);
    for (const change of changes) {
      const { key, before, after, timestamp, sequence } = change;
      version++;
      const send = (foreignKey: Row, order: Order, row: Row): void => {
        result.push(
          new Change(foreignKey, undefined, [...foreignKey, ...key, version, order, ...row], timestamp, sequence),
        );
      };
      this.#position.sequence = told;
      const was = before && this.#named(before);
      this.#position.sequence = sequence;
      const now = after && this.#named(after);
      if (now === undefined || after === undefined) {
        if (was !== undefined) send(was, order.forgetAndAnswer, nothing);
        continue;
      }
      if (was !== undefined && keyText(was) !== keyText(now)) send(was, order.forget, nothing);
      send(now, was === undefined ? order.rememberAndAnswerIfFound : order.remember, after);
    }
    if (changes.length > 0) this.#store.setMeta([version]);
    return batchOf(result);
  }

  /** An inner join ignores a row whose foreign key is NULL. */
  #named(row: Row): Row | undefined {
    const foreignKey = this.#foreignKey(row);
    return foreignKey.includes(null) && !this.#isLeft ? undefined : foreignKey;
  }
}

type Subscription = readonly [key: Row, version: number, row: Row];

/** Emits answers by the left key: [left key…, version, 1 with a result or 0, left row…, right row…]. */
export class ForeignKeyLookup implements Operator {
  readonly #subscriptions: GroupedStore<Subscription>;
  readonly #rows: KeyValueStore<readonly [row: Row, timestamp: number]>;
  readonly #isLeft: boolean;
  readonly #keyCount: number;
  readonly #width: number;
  readonly #matches: JoinMatches;

  /** `width`: the number of columns of a right row. */
  constructor(
    subscriptions: GroupedStore<Subscription>,
    rows: KeyValueStore<readonly [row: Row, timestamp: number]>,
    join: 'INNER' | 'LEFT',
    keyCount: number,
    width: number,
    matches: JoinMatches,
  ) {
    this.#matches = matches;
    this.#subscriptions = subscriptions;
    this.#rows = rows;
    this.#isLeft = join === 'LEFT';
    this.#keyCount = keyCount;
    this.#width = width;
  }

  process([messagesBatch, changesBatch]: readonly Batch[]): Batch {
    const messages = rowsOf(messagesBatch!);
    const changes = rowsOf(changesBatch!);
    const result: Change[] = [];
    mergeInputs(
      messages,
      changes,
      (message) => this.#onMessage(message, result),
      (change) => this.#onChange(change, result),
    );
    return batchOf(result);
  }

  #onMessage({ key, after, timestamp, sequence }: Change, result: Change[]): void {
    const text = keyText(key);
    const at = key.length + this.#keyCount;
    const leftKey = after!.slice(key.length, at);
    const version = after![at] as number;
    const instruction = after![at + 1] as Order;
    const row = after!.slice(at + 2);
    const isNull = key.includes(null);
    if (instruction === order.forget || instruction === order.forgetAndAnswer) {
      if (!isNull) this.#subscriptions.delete(text, keyText(leftKey));
      if (instruction === order.forgetAndAnswer)
        result.push(this.#answer([leftKey, version, row], undefined, false, timestamp, sequence));
      return;
    }
    if (!isNull) this.#subscriptions.put(text, keyText(leftKey), [leftKey, version, row]);
    const namedRow = isNull ? undefined : this.#rows.get(text);
    const has = namedRow !== undefined || this.#isLeft;
    if (!has && instruction === order.rememberAndAnswerIfFound) return;
    const time = Math.max(timestamp, namedRow?.[1] ?? timestamp);
    result.push(this.#answer([leftKey, version, row], namedRow?.[0], has, time, sequence));
  }

  #onChange({ key, after, timestamp, sequence }: Change, result: Change[]): void {
    const text = keyText(key);
    const was = this.#rows.get(text);
    if (after === undefined) this.#rows.delete(text);
    else this.#rows.put(text, [after, timestamp]);
    if (after === undefined && was === undefined) return;
    const has = after !== undefined || this.#isLeft;
    const subscriptions = [...this.#subscriptions.of(text)].sort(([a], [b]) => compareKeys(a, b));
    for (const subscription of subscriptions) result.push(this.#answer(subscription, after, has, timestamp, sequence));
  }

  #answer(
    [key, version, row]: Subscription,
    right: Row | undefined,
    has: boolean,
    timestamp: number,
    sequence: number,
  ): Change {
    const partner = right !== undefined && this.#matches?.(row, right) === false ? undefined : right;
    const joined = [...key, version, has ? 1 : 0, ...row, ...(partner ?? new Array<null>(this.#width).fill(null))];
    return new Change(key, undefined, joined, timestamp, sequence);
  }
}

/** Compares keys: numbers by value, text by UTF-16 code units. */
function compareKeys(a: Row, b: Row): number {
  for (let i = 0; i < a.length; i++) {
    const [left, right] = [a[i] as number, b[i] as number];
    if (left < right) return -1;
    if (left > right) return 1;
  }
  return 0;
}

type Answer = readonly [version: number, key: Row, row: Row | null, timestamp: number];

/** Emits the newest answer of each left row; an answer for an older version of the row is dropped. */
export class ForeignKeyResolve implements Operator {
  readonly #store: KeyValueStore<Answer>;
  readonly #keyCount: number;

  constructor(store: KeyValueStore<Answer>, keyCount: number) {
    this.#store = store;
    this.#keyCount = keyCount;
  }

  process([batch]: readonly Batch[]): Batch {
    const answers = rowsOf(batch!);
    const result: Change[] = [];
    for (const { key, after, timestamp, sequence } of answers) {
      const text = keyText(key);
      const version = after![this.#keyCount] as number;
      const stored = this.#store.get(text);
      if (stored !== undefined && version < stored[0]) continue;
      const row = after![this.#keyCount + 1] === 1 ? after!.slice(this.#keyCount + 2) : null;
      this.#store.put(text, [version, key, row, timestamp]);
      result.push(new Change(key, stored?.[2] ?? undefined, row ?? undefined, timestamp, sequence));
    }
    return batchOf(result);
  }

  *current(key?: Row): Iterable<Change> {
    const answers = key === undefined ? this.#store.entries() : ([['', this.#store.get(keyText(key))]] as const);
    for (const [, answer] of answers)
      if (answer?.[2] != null) yield new Change(answer[1], undefined, answer[2], answer[3], 0);
  }
}
