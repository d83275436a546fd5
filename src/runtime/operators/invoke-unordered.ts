import type { Row } from '../../types/sql-type.ts';
import { batchOf, joined, rowsOf, type Batch } from '../batch.ts';
import { Change, isAbsent, keyText } from '../change.ts';
import type { KnownRecords, RecordPlace } from '../failures.ts';
import { headersFrom, storedHeaders, type StoredHeaders } from '../held-headers.ts';
import type { Operator } from '../operator.ts';
import type { Answers } from '../ports/answers.ts';
import type { ModelHost, Scored } from '../ports/model-host.ts';
import type { KeyValueStore } from '../stores/key-value-store.ts';
import { Invocation, type InvokeOptions } from './invoke.ts';

/** A row that waits for its answer, as it is stored. */
export type WaitingRow = readonly [
  key: Row,
  row: Row,
  timestamp: number,
  window: readonly [start: number, end: number] | null,
  headers: StoredHeaders | null,
  place: readonly [topic: string, partition: number, reader: number, offset: number] | null,
];

/** The most rows that wait; while there are more, no others are taken. */
const mostWaiting = 4096;

interface Waiting {
  readonly id: string;
  readonly change: Change;
  /** The record that it comes from. */
  readonly place: RecordPlace | undefined;
  /** Rows of one text leave in the order in which they came; undefined for a row that has no order. */
  readonly order: string | undefined;
  answer: Scored | undefined;
  isStored: boolean;
}

/** What the operator has besides what one in order has. */
export interface UnorderedParts {
  readonly store: KeyValueStore<WaitingRow>;
  readonly answers: Answers;
  /** Undefined where records are not known. */
  readonly records: KnownRecords | undefined;
  /** Whether each micro-batch is to be done with before the next, because an attempt before this one has failed. */
  readonly isCareful: () => boolean;
}

/**
 * Scores rows, and gives each as soon as it may leave: with the next micro-batch, or the next look at answers. Rows that still wait at a
 * commit are stored with it, so that the input's positions may go on.
 */
export class InvokeUnordered implements Operator {
  readonly #host: ModelHost;
  readonly #args: (row: Row) => Row;
  readonly #options: InvokeOptions;
  readonly #invocation: Invocation;
  readonly #parts: UnorderedParts;
  #next = 0;
  #isBegun = false;
  readonly #waiting = new Map<string, Waiting>();
  /** Rows by their text of order, in order. */
  readonly #queues = new Map<string, Waiting[]>();
  /** Rows that are not asked for yet, because as many calls run as may: the next one takes them all. */
  #unasked: Waiting[] = [];
  #calls = 0;
  /** Rows that may leave. */
  #ready: Waiting[] = [];
  /** The error of a call, which says nothing of a row. */
  #failure: unknown;
  #onReady: () => void = () => undefined;

  constructor(host: ModelHost, args: (row: Row) => Row, options: InvokeOptions, parts: UnorderedParts) {
    this.#host = host;
    this.#args = args;
    this.#options = options;
    this.#invocation = new Invocation(host, options);
    this.#parts = parts;
  }

  process([batch]: readonly Batch[]): Batch | Promise<Batch> {
    this.#begin();
    const { records } = this.#parts;
    for (const change of rowsOf(batch!)) {
      if (change.after === undefined) continue;
      const { key, after, timestamp, sequence, window } = change;
      const headers = records?.headersOf(change) ?? change.headers;
      const own = new Change(key, undefined, after, timestamp, sequence, window, headers);
      this.#add(String(this.#next++), own, records?.of(sequence), false);
    }
    this.#ask();
    const most = this.#parts.isCareful() ? 0 : mostWaiting;
    return this.#waiting.size - this.#ready.length <= most ? this.#taken() : this.#untilFewer(most);
  }
  async #untilFewer(most: number): Promise<Batch> {
    const taken = [this.#taken()];
    while (this.#waiting.size > most) {
      if (this.#ready.length === 0 && this.#failure === undefined)
        await new Promise<void>((resolve) => (this.#onReady = resolve));
      taken.push(this.#taken());
    }
    return joined(taken);
  }

  tick(): Batch {
    this.#begin();
    return this.#taken();
  }

  keep(): void {
    for (const waiting of this.#waiting.values()) {
      if (waiting.isStored) continue;
      waiting.isStored = true;
      this.#parts.store.put(waiting.id, stored(waiting));
    }
  }

  /** Takes up the rows that waited at the last commit. */
  #begin(): void {
    if (this.#isBegun) return;
    this.#isBegun = true;
    const rows = [...this.#parts.store.entries()].sort(([a], [b]) => Number(a) - Number(b));
    for (const [id, [key, row, timestamp, window, headers, place]] of rows) {
      this.#next = Math.max(this.#next, Number(id) + 1);
      const bounds = window === null ? undefined : { start: window[0], end: window[1] };
      const own = headers === null ? undefined : headersFrom(headers);
      const [topic = '', partition = -1, reader = 0, offset = -1] = place ?? [];
      const origin = place === null ? undefined : { topic, partition, reader, offset };
      this.#add(id, new Change(key, undefined, row, timestamp, 0, bounds, own), origin, true);
    }
    this.#ask();
  }

  #add(id: string, change: Change, place: RecordPlace | undefined, isStored: boolean): void {
    const order = this.#invocation.keyOf(change) ?? (isAbsent(change.key) ? undefined : keyText(change.key));
    const waiting: Waiting = { id, change, place, order, answer: undefined, isStored };
    this.#waiting.set(id, waiting);
    this.#unasked.push(waiting);
    this.#parts.answers.waiting++;
    if (order === undefined) return;
    const queue = this.#queues.get(order);
    if (queue === undefined) this.#queues.set(order, [waiting]);
    else queue.push(waiting);
  }

  /** Asks for the rows that are not asked for, if another call may run. */
  #ask(): void {
    const { model, version, position, options } = this.#options;
    if (this.#unasked.length === 0 || this.#calls >= this.#host.mostCalls(model, version, options)) return;
    const asked = this.#unasked;
    this.#unasked = [];
    const changes = asked.map(({ change }) => change);
    const rows = changes.map(({ after, sequence }) => {
      position.sequence = sequence;
      return this.#args(after!);
    });
    const by = {
      ...this.#invocation.rowsBy(changes, rows, (row) => asked[row]!.answer!),
      answered: (row: number, answer: Scored): void => this.#answered(asked[row]!, answer),
    };
    this.#calls++;
    this.#host
      .score(model, version, rows, by, options)
      .then(() => {
        this.#calls--;
        this.#ask();
      })
      .catch((error: unknown) => {
        this.#failure ??= error;
        this.#come();
      });
  }
  #answered(waiting: Waiting, answer: Scored): void {
    waiting.answer = answer;
    const { order } = waiting;
    if (order === undefined) this.#ready.push(waiting);
    else {
      const queue = this.#queues.get(order)!;
      while (queue[0]?.answer !== undefined) this.#ready.push(queue.shift()!);
      if (queue.length === 0) this.#queues.delete(order);
    }
    if (this.#ready.length > 0) this.#come();
  }
  #come(): void {
    this.#parts.answers.come();
    this.#onReady();
  }

  /** The rows that have become free to leave since the last call. */
  #taken(): Batch {
    if (this.#failure !== undefined) throw this.#failure as Error;
    const { answers, store, records } = this.#parts;
    const ready = this.#ready;
    this.#ready = [];
    const result: Change[] = [];
    for (const { id, change, place, answer, isStored } of ready) {
      this.#waiting.delete(id);
      answers.waiting--;
      if (isStored) store.delete(id);
      const { key, timestamp, window, headers } = change;
      // It came in an earlier micro-batch: this one knows its record by another number.
      const sequence = records?.again(place) ?? 0;
      this.#options.position.sequence = sequence;
      const row = this.#invocation.rowOf(answer!, change);
      if (row !== undefined) result.push(new Change(key, undefined, row, timestamp, sequence, window, headers));
    }
    return batchOf(result);
  }
}

function stored({ change, place }: Waiting): WaitingRow {
  const { key, after, timestamp, window, headers } = change;
  return [
    key,
    after!,
    timestamp,
    window === undefined ? null : [window.start, window.end],
    headers === undefined ? null : storedHeaders(headers),
    place === undefined ? null : [place.topic, place.partition, place.reader, place.offset],
  ];
}
