import type { Value } from '../../types/sql-type.ts';
import { overload, scalar } from '../define.ts';

const present = <T>(values: (T | null)[]): T[] => values.filter((value): value is T & {} => value !== null);

export const concat = scalar({
  name: 'CONCAT',
  doc: 'Joins strings or bytes; nulls are skipped.',
  category: 'STRING',
  overloads: [
    overload('inputs STRING...', 'STRING', (...inputs: (string | null)[]) => present(inputs).join(''), {
      acceptsNull: true,
    }),
    overload('inputs BYTES...', 'BYTES', (...inputs: (Buffer | null)[]) => Buffer.concat(present(inputs)), {
      acceptsNull: true,
    }),
  ],
});

export const concatWs = scalar({
  name: 'CONCAT_WS',
  doc: 'Joins strings or bytes with a separator; null inputs are skipped, a null separator gives null.',
  category: 'STRING',
  overloads: [
    overload(
      'separator STRING, first STRING, inputs STRING...',
      'STRING',
      (separator: string | null, ...inputs: (string | null)[]) =>
        separator === null ? null : present(inputs).join(separator),
      { acceptsNull: true },
    ),
    overload(
      'separator BYTES, first BYTES, inputs BYTES...',
      'BYTES',
      (separator: Buffer | null, ...inputs: (Buffer | null)[]): Value => {
        if (separator === null) return null;
        return Buffer.concat(present(inputs).flatMap((input, i) => (i === 0 ? [input] : [separator, input])));
      },
      { acceptsNull: true },
    ),
  ],
});
