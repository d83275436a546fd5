import { overload, scalar } from '../define.ts';

/** 1-based position of the n-th occurrence; a negative start searches backwards from the end; 0 when there is none. */
function instrAt(input: string | null, part: string | null, position = 1, occurrence = 1): number {
  if (input === null || part === null || Math.abs(position) > input.length || position === 0) return 0;
  let at = position > 0 ? position - 2 : input.length + position + 1;
  for (let i = 0; i < occurrence; i++) {
    at = position > 0 ? input.indexOf(part, at + 1) : at === 0 ? -1 : input.lastIndexOf(part, at - 1);
    if (at < 0) return 0;
  }
  return at + 1;
}

export const instr = scalar({
  name: 'INSTR',
  doc: 'The 1-based position of a text in another, 0 when it is not there.',
  category: 'STRING',
  overloads: [
    overload('input STRING, part STRING', 'INTEGER', instrAt, { acceptsNull: true }),
    overload('input STRING, part STRING, position INTEGER', 'INTEGER', instrAt, { acceptsNull: true }),
    overload('input STRING, part STRING, position INTEGER, occurrence INTEGER', 'INTEGER', instrAt, {
      acceptsNull: true,
    }),
  ],
});
