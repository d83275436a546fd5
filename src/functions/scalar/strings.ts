import { overload, scalar, type ScalarFunction } from '../define.ts';
import { checkLength } from './text-length.ts';

const oneString = (name: string, doc: string, returns: string, evaluate: (input: string) => unknown): ScalarFunction =>
  scalar({ name, doc, category: 'STRING', overloads: [overload('input STRING', returns, evaluate)] });

/** Java's String.trim: removes all characters up to U+0020 at both ends. */
function trimLikeJava(input: string): string {
  let start = 0;
  let end = input.length;
  while (start < end && input.charCodeAt(start) <= 32) start++;
  while (end > start && input.charCodeAt(end - 1) <= 32) end--;
  return input.slice(start, end);
}

function initCap(input: string): string {
  return input
    .toLowerCase()
    .replace(/^\s+/, '')
    .replace(/(^|\s)(\S)/g, (_, space: string, letter: string) => space + letter.toUpperCase());
}

/** Functions of one string, one line each. */
export const stringFunctions: readonly ScalarFunction[] = [
  oneString('UCASE', 'The string in upper case.', 'STRING', (input) => input.toUpperCase()),
  oneString('LCASE', 'The string in lower case.', 'STRING', (input) => input.toLowerCase()),
  oneString('TRIM', 'The string without white space at its ends.', 'STRING', trimLikeJava),
  oneString('INITCAP', 'Each word with its first letter in upper case and the rest in lower case.', 'STRING', initCap),
  scalar({
    name: 'LEN',
    doc: 'The length in UTF-16 code units, or in bytes.',
    category: 'STRING',
    overloads: [
      overload('input STRING', 'INTEGER', (input: string) => input.length),
      overload('input BYTES', 'INTEGER', (input: Buffer) => input.length),
    ],
  }),
  scalar({
    name: 'REPLACE',
    doc: 'Replaces every occurrence of a text by another.',
    category: 'STRING',
    overloads: [
      overload('input STRING, old STRING, new STRING', 'STRING', (input: string, old: string, by: string) => {
        const count = old === '' ? input.length + 1 : input.split(old).length - 1;
        checkLength(input.length + count * (by.length - old.length));
        return input.replaceAll(old, () => by);
      }),
    ],
  }),
];
