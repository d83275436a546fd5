import { overload, scalar } from '../define.ts';

function splitBytes(input: Buffer, delimiter: Buffer): Buffer[] {
  if (input.length === 0) return [input];
  if (delimiter.length === 0) return [...input].map((byte) => Buffer.from([byte]));
  const parts: Buffer[] = [];
  let start = 0;
  for (let at = input.indexOf(delimiter); at >= 0; at = input.indexOf(delimiter, start)) {
    parts.push(input.subarray(start, at));
    start = at + delimiter.length;
  }
  return [...parts, input.subarray(start)];
}

export const split = scalar({
  name: 'SPLIT',
  doc: 'The parts between the delimiters, empty ones too; an empty delimiter splits every character.',
  category: 'STRING',
  overloads: [
    overload('input STRING, delimiter STRING', 'ARRAY<STRING>', (input: string, delimiter: string) =>
      input === '' ? [''] : input.split(delimiter),
    ),
    overload('input BYTES, delimiter BYTES', 'ARRAY<BYTES>', splitBytes),
  ],
});
