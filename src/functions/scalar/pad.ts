import { overload, scalar, type ScalarFunction } from '../define.ts';
import { checkLength } from './text-length.ts';

const padBytes = (input: Buffer, length: number, padding: Buffer, left: boolean): Buffer | null => {
  if (padding.length === 0 || length < 0) return null;
  if (input.length >= length) return input.subarray(0, length);
  checkLength(length);
  const fill = Buffer.alloc(length - input.length, padding);
  return Buffer.concat(left ? [fill, input] : [input, fill]);
};
const padFunction = (name: string, side: 'left' | 'right'): ScalarFunction =>
  scalar({
    name,
    doc: `Pads on the ${side}, or cuts, to an exact length; null when the padding is empty or the length negative.`,
    category: 'STRING',
    overloads: [
      overload(
        'input STRING, length INTEGER, padding STRING',
        'STRING',
        (input: string, length: number, padding: string) => {
          if (padding === '' || length < 0) return null;
          if (length > input.length) checkLength(length);
          const text = input.slice(0, length);
          return side === 'left' ? text.padStart(length, padding) : text.padEnd(length, padding);
        },
      ),
      overload(
        'input BYTES, length INTEGER, padding BYTES',
        'BYTES',
        (input: Buffer, length: number, padding: Buffer) => padBytes(input, length, padding, side === 'left'),
      ),
    ],
  });

export const lpad = padFunction('LPAD', 'left');
export const rpad = padFunction('RPAD', 'right');
