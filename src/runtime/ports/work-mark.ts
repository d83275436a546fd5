/**
 * Told while a task is at work on records, for whoever must know it when the process ends in the middle of that. Waiting for the log, a
 * store or a file system is no work: a process that is killed then was not ended by the records.
 */
export interface WorkMark {
  /** Work begins, or goes on after a wait, in the step that began at a position; `committed` is that of the last commit. */
  begin(position: number, committed: number): void;
  end(): void;
}
