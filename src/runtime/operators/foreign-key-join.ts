import type { Row } from '../../types/sql-type.ts';
import { Change, keyText } from '../change.ts';
import { batchOf, rowsOf, type Batch } from '../batch.ts';
import type { Operator, RecordPosition } from '../operator.ts';
import type { GroupedStore } from '../stores/grouped-store.ts';
import type { KeyValueStore } from '../stores/key-value-store.ts';
import { mergeInputs } from './merge-inputs.ts';
import type { JoinMatches } from './stream-table-join.ts';

/**
 * A foreign-key join in three parts, after KIP-213. Each change of the left table is told to the partition of the row that its
 * foreign key names (`ForeignKeySubscribe`), which remembers who named it and answers with joined rows, also when its own row
 * changes (`ForeignKeyLookup`); the answers come back to the left row's partition (`ForeignKeyResolve`). They may come out of
 * order where the foreign key changed, so every message carries the version of the left row that it speaks of.
 */
type Order = (typeof order)[keyof typeof order];
const order = {
  /** The row has another foreign key now, whose partition answers. */
  forget: 0,
  /** The row is gone, or names nothing now. */
  forgetAndAnswer: 1,
  /** The row is new: it has a result only where its partner is there. */
  rememberAndAnswerIfFound: 2,
  remember: 3,
} as const;

/** Reads the foreign key of a left row; null where it names nothing. */
type ForeignKeyOf = (row: Row) => Row;

/** Left changes become messages to the partitions of their foreign keys: [foreign key…, left key…, version, order, left row…]. */
export class ForeignKeySubscribe implements Operator {
  readonly #store: KeyValueStore<never>;
  readonly #foreignKey: ForeignKeyOf;
  readonly #isLeft: boolean;
  readonly #width: number;
  readonly #position: RecordPosition;

  /** `width`: how many columns a left row has. */
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
      this.#position.sequence = sequence;
      version++;
      const send = (foreignKey: Row, what: Order, row: Row): void => {
        result.push(
          new Change(foreignKey, undefined, [...foreignKey, ...key, version, what, ...row], timestamp, sequence),
        );
      };
      const was = before && this.#named(before);
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

  /** A row of an inner join that names nothing has no part in it. */
  #named(row: Row): Row | undefined {
    const foreignKey = this.#foreignKey(row);
    return foreignKey.includes(null) && !this.#isLeft ? undefined : foreignKey;
  }
}

type Subscription = readonly [key: Row, version: number, row: Row];

/** Answers, by the left key: [left key…, version, 1 with a result or 0, left row…, right row…]. */
export class ForeignKeyLookup implements Operator {
  readonly #subscriptions: GroupedStore<Subscription>;
  readonly #rows: KeyValueStore<readonly [row: Row, timestamp: number]>;
  readonly #isLeft: boolean;
  readonly #keyCount: number;
  readonly #width: number;
  readonly #matches: JoinMatches;

  /** `width`: how many columns a right row has. */
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
    const what = after![at + 1] as Order;
    const row = after!.slice(at + 2);
    const isNull = key.includes(null);
    if (what === order.forget || what === order.forgetAndAnswer) {
      if (!isNull) this.#subscriptions.delete(text, keyText(leftKey));
      if (what === order.forgetAndAnswer)
        result.push(this.#answer([leftKey, version, row], undefined, false, timestamp, sequence));
      return;
    }
    if (!isNull) this.#subscriptions.put(text, keyText(leftKey), [leftKey, version, row]);
    const found = isNull ? undefined : this.#rows.get(text);
    const has = found !== undefined || this.#isLeft;
    if (!has && what === order.rememberAndAnswerIfFound) return;
    const time = Math.max(timestamp, found?.[1] ?? timestamp);
    result.push(this.#answer([leftKey, version, row], found?.[0], has, time, sequence));
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

/** An order of keys that a client may expect: numbers by size, texts by their characters. */
function compareKeys(a: Row, b: Row): number {
  for (let i = 0; i < a.length; i++) {
    const [left, right] = [a[i] as number, b[i] as number];
    if (left < right) return -1;
    if (left > right) return 1;
  }
  return 0;
}

type Answer = readonly [version: number, key: Row, row: Row | null, timestamp: number];

/** The result: the newest answer of each left row. One that speaks of an older version of the row is dropped. */
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
