import { InternalError } from '../../util/internal-error.ts';
import { dataError, isUnforeseenError } from '../failures.ts';
import type { Reading } from '../ports/log.ts';

/** The record that a task fails at. */
export interface Place extends Reading {
  readonly offset: number;
}
/** Records to skip, from one on: only those that the partition had at that time, before `until`. */
export interface Skip extends Place {
  readonly records: number;
  readonly until?: number;
  /** Why a record is skipped that no one asked to be. */
  readonly cause?: string;
}

/** How a task starts again after a failure: plain data, which is sent to threads. */
export interface Attempt {
  /** The first attempt is 1. */
  readonly number: number;
  /** A commit takes at most this many records, for the `span` records among which the last attempt failed. */
  readonly limit: number;
  readonly span: number;
  readonly skips: readonly Skip[];
}

/** How an attempt failed: plain data. */
export interface TaskFailure {
  readonly message: string;
  /** Whether the cause is outside of the records and temporary. */
  readonly passes: boolean;
  /** Whether it is an error that the engine did not foresee, in the work on a record, whose effects are all undone. */
  readonly isUnforeseen: boolean;
  /** The number of the attempt over the same records. */
  readonly attempt: number;
  /** The records taken since the last commit. */
  readonly taken: number;
  /** Of the records among which the last attempt failed, those that are not committed yet. */
  readonly left: number;
  /** The failing record, if it is certain which one it is. */
  readonly place: Place | undefined;
  /** What is still to be skipped. */
  readonly skips: readonly Skip[];
  /** It was no attempt of this process that failed: earlier processes, or threads, ended at work on it. */
  readonly hasEndedProcesses?: boolean;
}

const attempts = 3;
const first: Attempt = { number: 1, limit: Infinity, span: 0, skips: [] };

/**
 * The next attempt after a failure, from the last commit; undefined if the query is to be in ERROR. Each attempt takes fewer
 * records per commit than the one before, and the last takes one at a time: everything before the failing record is committed,
 * and that record is known. If the error was not foreseen, that record is skipped and told of, and the query goes on.
 */
export function nextAttempt(failure: TaskFailure): Attempt | undefined {
  const { passes, attempt, taken, left, skips, place } = failure;
  if (passes) return { number: attempt, limit: attempt === 1 ? Infinity : limitOf(attempt, left), span: left, skips };
  if (attempt >= attempts) {
    if (!failure.isUnforeseen || place === undefined) return undefined;
    const others = left - 1;
    const skipped = [...skips, { ...place, records: 1, cause: failure.message }];
    return others <= 0
      ? { ...first, skips: skipped }
      : { number: attempts - 1, limit: limitOf(attempts - 1, others), span: others, skips: skipped };
  }
  const span = Math.max(1, attempt === 1 ? taken : left);
  return { number: attempt + 1, limit: limitOf(attempt + 1, span), span, skips };
}
const limitOf = (attempt: number, span: number): number => (attempt >= attempts ? 1 : Math.ceil(Math.sqrt(span)));

/** How many records a task at which a process ended takes before its first commit. */
export const carefulRecords = 128;
/**
 * The attempt of a task at which a process ended. Its commits are small until it is past what the process had in hand: a process that is
 * killed from outside has then come further than the one before it, and only what ends every process ends it at the same records.
 */
export const carefulAttempt: Attempt = { ...first, limit: carefulRecords, span: 4096 };

/** The attempt after RESUME: from the failing record, or with so many records skipped. */
export const resumedAttempt = ({ place }: TaskFailure, skip: number): Attempt => ({
  ...first,
  skips: skip === 0 || place === undefined ? [] : [{ ...place, records: skip }],
});

/** The message of a failure that leaves a query in ERROR. */
export function standsAt({ message, place, hasEndedProcesses }: TaskFailure): string {
  if (hasEndedProcesses === true) return message;
  const at =
    place === undefined ? '' : ` at topic ${place.topic}, partition ${place.partition}, offset ${place.offset},`;
  return `stopped${at} after ${attempts} attempts: ${message}`;
}

/**
 * Whether an error is temporary and not caused by a record: it says so itself (`retriable`, as kafkajs's errors do), or it is
 * about a connection, a file or a timeout.
 */
export function mayPass(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { retriable, syscall, code } = error as { retriable?: unknown; syscall?: unknown; code?: unknown };
  if (retriable === true || error.name === 'TimeoutError') return true;
  if (typeof code === 'string' && (syscall !== undefined || code.startsWith('UND_ERR'))) return true;
  return mayPass(error.cause);
}

/** The failure of a task whose thread has ended; its progress is unknown. */
export const lostThread = (message: string): TaskFailure =>
  new AttemptState().failure(new ThreadLost(message), undefined);
class ThreadLost extends Error {
  override readonly name = 'ThreadLost';
  readonly retriable = true;
}

/** The failure of a task that must not run before it is resumed: it ended the process or its thread, and the next one. */
export const deadlyWork = (what: string): TaskFailure => ({
  message: `stands still: the process or its thread ended ${deadly} times while ${what} was at work on the same records. RESUME starts it again`,
  passes: false,
  isUnforeseen: false,
  attempt: 1,
  taken: 0,
  left: 0,
  place: undefined,
  skips: [],
  hasEndedProcesses: true,
});
/** How often a process may end at the same work before it stands still. */
export const deadly = 2;

/** The records of one input to skip. */
export class SkippedRecords {
  #skip: Skip;
  count = 0;
  first = -1;
  last = -1;

  constructor(skip: Skip) {
    this.#skip = skip;
  }
  get topic(): string {
    return this.#skip.topic;
  }
  get partition(): number {
    return this.#skip.partition;
  }
  get cause(): string | undefined {
    return this.#skip.cause;
  }

  /** Whether the record at this offset is skipped; counts it. */
  takes(offset: number): boolean {
    const { offset: from, records, until = Infinity } = this.#skip;
    if (offset < from || offset >= until || this.count >= records) return false;
    if (this.count++ === 0) this.first = offset;
    this.last = offset;
    return true;
  }
  /** Called after a commit; returns what is still to be skipped, undefined for nothing. */
  committed(): Skip | undefined {
    const { offset, records } = this.#skip;
    this.#skip = { ...this.#skip, offset: Math.max(offset, this.last + 1), records: records - this.count };
    this.count = 0;
    return this.#skip.records > 0 ? this.#skip : undefined;
  }
}

/** A task's progress in an attempt. */
export class AttemptState {
  readonly #attempt: Attempt;
  #left: number;
  #limit: number;
  #taken = 0;
  #place: Place | undefined;
  #skips: readonly Skip[];
  #hasThrown = false;
  /** The skips in progress. */
  skipped: readonly SkippedRecords[] = [];

  constructor(attempt: Attempt = first) {
    this.#attempt = attempt;
    this.#left = attempt.span;
    this.#limit = attempt.limit;
    this.#skips = attempt.skips;
  }

  /**
   * Does a part of the task's work. What threw may have done half of its part: a later commit would store positions without their rows,
   * or, after a commit that was cut off, positions without the changes that one had flushed. After it throws InternalError.
   */
  async whole<T>(work: () => Promise<T>): Promise<T> {
    if (this.#hasThrown) throw new InternalError('a task that has thrown is not used again');
    try {
      return await work();
    } catch (error) {
      this.#hasThrown = true;
      throw error;
    }
  }

  /** The records that may be taken before the next commit. */
  get room(): number {
    return this.#limit - this.#taken;
  }
  /** Whether commits are smaller than a micro-batch: inputs are then taken from one at a time. */
  get isLimited(): boolean {
    return this.#limit !== Infinity;
  }
  /** Whether a commit takes one record. */
  get isSingle(): boolean {
    return this.#limit === 1;
  }

  take(records: number, place: Place | undefined): void {
    this.#taken += records;
    this.#place = place;
  }

  /** Starts the skips of a reading, up to the partition's current end. */
  async beginSkips(
    { topic, partition, reader }: Reading,
    end: (reading: Reading) => Promise<number>,
  ): Promise<readonly SkippedRecords[]> {
    const isOf = (skip: Skip): boolean =>
      skip.topic === topic && skip.partition === partition && skip.reader === reader;
    const own: Skip[] = [];
    for (const skip of this.#skips.filter(isOf)) own.push({ ...skip, until: skip.until ?? (await end(skip)) });
    this.#skips = [...this.#skips.filter((skip) => !isOf(skip)), ...own];
    const begun = own.map((skip) => new SkippedRecords(skip));
    this.skipped = [...this.skipped, ...begun];
    return begun;
  }

  /** Called after a commit. */
  committed(): void {
    if (this.skipped.length > 0) this.#skips = this.skipped.flatMap((skipped) => skipped.committed() ?? []);
    if (this.#limit !== Infinity) {
      this.#left -= this.#taken;
      if (this.#left <= 0) this.#limit = Infinity;
    }
    this.#taken = 0;
    this.#place = undefined;
  }

  /** Describes the failure; `unread` is a record that could not be decoded, `inWork` tells of an error in the work on a record. */
  failure(error: unknown, unread: Place | undefined, inWork = false): TaskFailure {
    const isWithin = this.#left > 0;
    const isUnforeseen = inWork && isUnforeseenError(error);
    const isLast = this.#attempt.number >= attempts;
    return {
      message: isUnforeseen ? dataError(error, 'the query') : error instanceof Error ? error.message : String(error),
      passes: mayPass(error),
      isUnforeseen,
      attempt: isWithin ? this.#attempt.number : 1,
      taken: this.#taken,
      left: Math.max(0, this.#left),
      place: isLast && isWithin ? (this.#place ?? (this.#taken === 0 ? unread : undefined)) : undefined,
      skips: this.#skips,
    };
  }
}
