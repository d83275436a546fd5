import { EvaluationError } from '../../types/numbers.ts';
import { overload, scalar, type ScalarFunction } from '../define.ts';

/** The masks for upper-case letters, lower-case letters, digits and other characters; null leaves them unchanged. */
type Masks = readonly (string | null)[];
const defaults: Masks = ['X', 'x', 'n', '-'];
const classes = [/^\p{Lu}$/u, /^\p{Ll}$/u, /^\p{Nd}$/u];

/** As in Java, classes are those of UTF-16 code units, so a surrogate pair counts as two other characters. */
function maskText(text: string, masks: Masks): string {
  let result = '';
  for (let i = 0; i < text.length; i++) {
    const unit = text.charAt(i);
    const index = classes.findIndex((pattern) => pattern.test(unit));
    result += masks[index < 0 ? 3 : index] ?? unit;
  }
  return result;
}

function checked(masks: Masks): Masks {
  const wrong = masks.find((mask) => mask !== null && mask.length !== 1);
  if (wrong !== undefined) throw new EvaluationError(`the mask "${wrong}" is not one character`);
  return masks;
}

/** The range [from, to) of a text of this length that is masked. */
type Range = (length: number, n: number) => readonly [number, number];

function maskRange(text: string, n: number, range: Range, masks: Masks): string {
  if (n < 0) throw new EvaluationError(`the number of characters, ${n}, is negative`);
  const [from, to] = range(text.length, Math.min(n, text.length));
  return text.slice(0, from) + maskText(text.slice(from, to), masks) + text.slice(to);
}

const maskParams = 'upper STRING, lower STRING, digit STRING, other STRING';
const acceptsNull = { acceptsNull: true };

const ranged = (name: string, doc: string, range: Range): ScalarFunction =>
  scalar({
    name,
    doc,
    category: 'STRING',
    overloads: [
      overload('input STRING, n INTEGER', 'STRING', (text: string, n: number) => maskRange(text, n, range, defaults)),
      overload(
        `input STRING, n INTEGER, ${maskParams}`,
        'STRING',
        (text: string | null, n: number | null, ...masks: (string | null)[]) => {
          if (n === null) throw new EvaluationError('the number of characters is null');
          const known = checked(masks);
          return text === null ? null : maskRange(text, n, range, known);
        },
        acceptsNull,
      ),
    ],
  });

/**
 * MASK and its variants: letters become X and x, digits n, others -, unless the call gives other masks; a NULL mask leaves its
 * class unchanged.
 */
export const maskFunctions: readonly ScalarFunction[] = [
  scalar({
    name: 'MASK',
    doc: 'Every character masked: upper-case letters as X, lower-case ones as x, digits as n, others as -.',
    category: 'STRING',
    overloads: [
      overload('input STRING', 'STRING', (text: string) => maskText(text, defaults)),
      overload(
        `input STRING, ${maskParams}`,
        'STRING',
        (text: string | null, ...masks: (string | null)[]) => {
          const known = checked(masks);
          return text === null ? null : maskText(text, known);
        },
        acceptsNull,
      ),
    ],
  }),
  ranged('MASK_LEFT', 'The first n characters masked.', (_, n) => [0, n]),
  ranged('MASK_RIGHT', 'The last n characters masked.', (length, n) => [length - n, length]),
  ranged('MASK_KEEP_LEFT', 'All but the first n characters masked.', (length, n) => [n, length]),
  ranged('MASK_KEEP_RIGHT', 'All but the last n characters masked.', (length, n) => [0, length - n]),
];
