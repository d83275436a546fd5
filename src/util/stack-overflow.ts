/** Whether the stack was not deep enough: other RangeErrors say that an index or a length is wrong. */
export const isStackOverflow = (error: unknown): boolean =>
  error instanceof RangeError && error.message.startsWith('Maximum call stack');
