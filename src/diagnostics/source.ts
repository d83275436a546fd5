/** A piece of SQL text with the name that errors print for it. */
export interface Source {
  readonly name: string;
  readonly text: string;
}

/** A half-open range of UTF-16 offsets, `start <= offset < end`, into one source. */
export interface Span {
  readonly source: Source;
  readonly start: number;
  readonly end: number;
}

/** 1-based line and column of an offset. */
export function position(source: Source, offset: number): { line: number; column: number } {
  const before = source.text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** The smallest span that covers both spans. */
export function cover(a: Span, b: Span): Span {
  return { source: a.source, start: Math.min(a.start, b.start), end: Math.max(a.end, b.end) };
}

/** The span of something that has no SQL text, such as a statement built by the server. */
export const noSpan: Span = Object.freeze({ source: Object.freeze({ name: 'internal', text: '' }), start: 0, end: 0 });

/** The text of a span. */
export const textOf = ({ source, start, end }: Span): string => source.text.slice(start, end);
