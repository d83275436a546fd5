import { overload, scalar } from '../define.ts';

export const elt = scalar({
  name: 'ELT',
  doc: 'The n-th of the texts, counted from 1; null when there is none.',
  category: 'STRING',
  overloads: [
    overload(
      'n INTEGER, texts STRING...',
      'STRING',
      (n: number | null, ...texts: (string | null)[]) => (n === null ? null : (texts[n - 1] ?? null)),
      { acceptsNull: true },
    ),
  ],
});

export const field = scalar({
  name: 'FIELD',
  doc: 'The position, counted from 1, of a text among the others; 0 when it is null or not there.',
  category: 'STRING',
  overloads: [
    overload(
      'text STRING, texts STRING...',
      'INTEGER',
      (text: string | null, ...texts: (string | null)[]) => (text === null ? 0 : texts.indexOf(text) + 1),
      { acceptsNull: true },
    ),
  ],
});
