import { createHash } from 'node:crypto';
import { overload, scalar, type ScalarFunction } from '../define.ts';

/** SHA digests of text, as Flink and MySQL have them. */
export const shaFunctions: readonly ScalarFunction[] = (['1', '256', '512'] as const).map((size) =>
  scalar({
    name: `SHA${size}`,
    doc: `The SHA-${size} digest of the UTF-8 bytes, in lower-case hex.`,
    category: 'STRING',
    overloads: [
      overload('input STRING', 'STRING', (input: string) => createHash(`sha${size}`).update(input).digest('hex')),
    ],
  }),
);
