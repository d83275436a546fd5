/** What went wrong, and when that became known, in milliseconds of the epoch. */
export interface NotedError {
  readonly message: string;
  readonly at: number;
}

/** Notes an error; one that is told again, in the same words, keeps its time. */
export function noted(before: NotedError | undefined, message: string): NotedError {
  return before?.message === message ? before : { message, at: Date.now() };
}
