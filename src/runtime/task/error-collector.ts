import type { DeadLetter, ShadowRecord } from '../failures.ts';
import { noEvents, type CountedEvent, type EventCounts } from '../ports/counted-events.ts';
import { deadLetterRecord } from '../sinks/dead-letters.ts';
import type { SkippedRecords } from './attempt.ts';
import { Origins } from './input-merger.ts';
import type { ProducedRecord } from '../ports/node.ts';
import type { ProcessingError } from '../sinks/processing-log.ts';
import type { BadRecord } from '../source-decoder.ts';

/** The most errors kept until the next commit; others are only counted. */
const kept = 1000;
/** The most bytes of bad records kept with them. */
const keptBytes = 8 << 20;
/** The most answers of shadows kept until the next commit. */
const keptShadows = 20_000;
/** An error as a query's collector is given it. */
export type LoggedError = Omit<ProcessingError, 'query'>;
const types: Readonly<Record<string, ProcessingError['type']>> = {
  late: 'LATE',
  produce: 'PRODUCTION',
  sink: 'SERIALIZATION',
  'INVOKE MODEL': 'MODEL',
};

/** The errors of one query or task: counted, and kept for the processing log until the next commit. */
export class ErrorCollector {
  readonly #query: string;
  readonly #keeps: boolean;
  #pending: ProcessingError[] = [];
  #letters: ProducedRecord[] = [];
  #shadows: ShadowRecord[] = [];
  readonly shadowTopics = new Set<string>();
  count = 0;
  readonly #events = { ...noEvents };
  #isMuted = false;
  #recordBytes = 0;
  /** What was said of the records of the micro-batch, each once. */
  readonly #said = new Set<string>();
  /** The source records of the micro-batch's changes. */
  readonly origins = new Origins();

  /** Without `keeps` errors are only counted. */
  constructor(query: string, keeps = true) {
    this.#query = query;
    this.#keeps = keeps;
  }

  /** One more error, of which there is one line. */
  protected add(error: LoggedError): void {
    this.count++;
    if (!this.#keeps || this.#pending.length >= kept) return;
    this.#recordBytes += error.record?.length ?? 0;
    const record = this.#recordBytes <= keptBytes ? error.record : undefined;
    this.#pending.push({ query: this.#query, ...error, record });
  }

  countEvent(event: CountedEvent): void {
    this.#events[event]++;
  }
  get events(): EventCounts {
    return this.#events;
  }

  /** A record that could not be decoded, or whose pushed-down predicate failed. */
  badRecord({ topic, partition, offset, target, message, copy }: BadRecord): void {
    const record = this.origins.keepsRecords && this.#keeps ? copy() : undefined;
    if (target === 'predicate') this.add({ type: 'PROCESSING', topic, partition, offset, message, record });
    else
      this.add({
        type: 'DESERIALIZATION',
        topic,
        partition,
        offset,
        message: `${target}: ${message}`,
        target,
        record,
      });
  }

  /** An expression, a model or a sink failed, or an event was late, at the change with this sequence number. */
  report(message: string, what: string, sequence: number): void {
    if (this.#isMuted) return;
    const origin = this.origins.of(sequence);
    // A row in several windows, or in two operators, fails the same way in each.
    if (origin !== undefined && this.#isSaid(`${sequence}\u0000${what === 'late' ? what : message}`)) return;
    this.add({
      type: types[what] ?? 'PROCESSING',
      topic: origin?.topic ?? '',
      partition: origin?.partition ?? -1,
      offset: origin?.offset ?? -1,
      message,
      record: this.origins.recordOf(sequence),
    });
  }

  /** Reads rows of a table without a word: what their expressions failed at was told of when they came. */
  quietly<T>(open: () => Iterable<T> | undefined): Iterable<T> | undefined {
    const muted = <R>(run: () => R): R => {
      this.#isMuted = true;
      try {
        return run();
      } finally {
        this.#isMuted = false;
      }
    };
    const rows = muted(open)?.[Symbol.iterator]();
    if (rows === undefined) return undefined;
    const next = (): IteratorResult<T> => muted(() => rows.next());
    return { [Symbol.iterator]: () => ({ next, return: () => rows.return?.() ?? { done: true, value: undefined } }) };
  }

  #isSaid(line: string): boolean {
    const before = this.#said.size;
    return this.#said.add(line).size === before;
  }
  /** A micro-batch has ended: its records are done with. */
  endBatch(): void {
    this.origins.clear();
    if (this.#said.size > 0) this.#said.clear();
  }

  /** Records were skipped as an operator asked, or one for what it fails at. */
  skipped(records: SkippedRecords): void {
    if (records.count === 0) return;
    const { topic, partition, first, last, count, cause } = records;
    if (cause !== undefined) {
      this.add({ type: 'PROCESSING', topic, partition, offset: first, message: cause });
      return;
    }
    const message = `RESUME skipped ${count} record${count === 1 ? '' : 's'}: offsets ${first} to ${last}`;
    this.add({ type: 'SKIPPED', topic, partition, offset: first, message });
  }

  /** A row for the dead letters. All are kept, because there is no other copy. */
  deadLetter(letter: DeadLetter, sequence: number): void {
    if (this.#keeps) this.#letters.push(deadLetterRecord(this.#query, letter, this.origins.of(sequence)));
  }

  /** What a shadow answered, some time after its row. More than the next commit should write are left out. */
  shadow(record: ShadowRecord): void {
    if (this.#keeps && this.#shadows.length < keptShadows) this.#shadows.push(record);
  }
  get hasShadows(): boolean {
    return this.#shadows.length > 0;
  }
  /** The answers of shadows that the next commit writes. */
  takeShadows(): readonly ShadowRecord[] {
    return this.#shadows.splice(0);
  }

  /** The dead letters of the next commit. */
  takeLetters(): readonly ProducedRecord[] {
    return this.#letters.splice(0);
  }
  /** The processing-log records of the next commit. */
  take(): readonly ProcessingError[] {
    this.#recordBytes = 0;
    return this.#pending.splice(0);
  }
}
