import type { DeadLetter } from '../failures.ts';
import { deadLetterRecord } from '../sinks/dead-letters.ts';
import { Origins } from './input-merger.ts';
import type { ProducedRecord } from '../ports/node.ts';
import type { ProcessingError } from '../sinks/processing-log.ts';
import type { BadRecord } from '../source-decoder.ts';

/** So many errors are kept until the next commit; the others are counted only. */
const kept = 1000;
const types: Readonly<Record<string, ProcessingError['type']>> = { late: 'LATE', 'INVOKE MODEL': 'MODEL' };

/** What went wrong with the records of one query or task: counted, and kept for the processing log until the next commit. */
export class ErrorCollector {
  readonly #query: string;
  readonly #keeps: boolean;
  #pending: ProcessingError[] = [];
  #letters: ProducedRecord[] = [];
  count = 0;
  /** Where the changes of the micro-batch came from. */
  readonly origins = new Origins();

  /** Without `keeps` they are counted only: nobody would read them. */
  constructor(query: string, keeps = true) {
    this.#query = query;
    this.#keeps = keeps;
  }

  #add(error: Omit<ProcessingError, 'query'>): void {
    this.count++;
    if (this.#keeps && this.#pending.length < kept) this.#pending.push({ query: this.#query, ...error });
  }

  /** A record that could not be read, or of which it could not be told whether it is wanted. */
  badRecord({ topic, partition, offset, target, message }: BadRecord): void {
    if (target === 'predicate') this.#add({ type: 'PROCESSING', topic, partition, offset, message });
    else this.#add({ type: 'DESERIALIZATION', topic, partition, offset, message: `${target}: ${message}` });
  }

  /** An expression, a model or a sink failed, or an event came too late, at the change with this sequence number. */
  report(message: string, what: string, sequence: number): void {
    const origin = this.origins.of(sequence);
    this.#add({
      type: types[what] ?? 'PROCESSING',
      topic: origin?.topic ?? '',
      partition: origin?.partition ?? -1,
      offset: origin?.offset ?? -1,
      message,
    });
  }

  /** A row that goes to the dead letters: all are kept, since nothing else has them. */
  deadLetter(letter: DeadLetter, sequence: number): void {
    if (this.#keeps) this.#letters.push(deadLetterRecord(this.#query, letter, this.origins.of(sequence)));
  }

  /** What a commit writes to the dead letters. */
  takeLetters(): readonly ProducedRecord[] {
    return this.#letters.splice(0);
  }
  /** What a commit writes to the processing log. */
  take(): readonly ProcessingError[] {
    return this.#pending.splice(0);
  }
}
