import type { WorkMark } from '../ports/work-mark.ts';

/** What a task is about: work on records, or waiting for others. Its mark is told of work alone, from when it begins to the next wait. */
export class Work {
  /** Whether an error is that of a record, and not of the log, a store or a file system. */
  isOnRecords = false;
  readonly #mark: WorkMark | undefined;
  #isMarked = false;
  #position = 0;
  #committed = 0;

  constructor(mark: WorkMark | undefined) {
    this.#mark = mark;
  }

  /** A step begins here; what is emitted or flushed later, until the next one, is its work too. */
  stepsFrom(position: number, committed: number): void {
    this.#position = position;
    this.#committed = committed;
  }
  begin(): void {
    this.isOnRecords = true;
    if (this.#isMarked) return;
    this.#isMarked = true;
    this.#mark?.begin(this.#position, this.#committed);
  }
  end(): void {
    this.isOnRecords = false;
  }
  /** The task waits for this, which has been asked for. */
  wait<T>(asked: T): T {
    this.unmark();
    return asked;
  }
  /** Nothing is at work; after an error, which `isOnRecords` still tells of. */
  unmark(): void {
    if (!this.#isMarked) return;
    this.#isMarked = false;
    this.#mark?.end();
  }
}
