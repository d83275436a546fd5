/** A statement of a script, with where it begins. */
export interface ScriptPart {
  readonly text: string;
  readonly start: number;
}

/** What a semicolon does not end a statement in: strings, quoted names and comments; without their end they go to that of the text. */
const opaque = /'(?:[^']|'')*(?:'|$)|`(?:[^`]|``)*(?:`|$)|"(?:[^"]|"")*(?:"|$)|--[^\n]*|\/\*[^]*?(?:\*\/|$)|;/g;
const comments = /^(?:\s+|--[^\n]*(?:\n|$)|\/\*[^]*?\*\/)*/;

/**
 * Cuts a script at its semicolons. The server parses the statements: to build its parser here would take longer than most of them. A last one
 * without a semicolon gets one.
 */
export function splitStatements(script: string): ScriptPart[] {
  const parts: ScriptPart[] = [];
  let begin = 0;
  const add = (end: number, rest: string): void => {
    const start = begin + comments.exec(script.slice(begin, end))![0].length;
    const text = script.slice(start, end);
    if (text.trim() !== '' && text !== ';') parts.push({ text: `${text}${rest}`, start });
    begin = end;
  };
  for (const match of script.matchAll(opaque)) if (match[0] === ';') add(match.index + 1, '');
  add(script.length, '\n;');
  return parts;
}

/** Whether a text ends with a semicolon that is not in a string, name or comment. */
export const isComplete = (text: string): boolean =>
  /;\s*$/.test(
    text.replace(opaque, (part) => (part === ';' ? part : part.startsWith('-') || part.startsWith('/') ? ' ' : 'x')),
  );

/** The line and column of a place in a text, from 1. */
export function placeIn(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: before.at(-1)!.length + 1 };
}
