import { overload, scalar } from '../define.ts';

/**
 * The range of a substring. 1-based; a negative position counts from the end, 0 means 1, and positions out of range are
 * clamped.
 */
function range(size: number, position: number, length: number | undefined): [number, number] {
  const start = position > 0 ? Math.min(position - 1, size) : position === 0 ? 0 : Math.max(0, size + position);
  const end = length === undefined ? size : Math.min(size, start + Math.max(0, length));
  return [start, end];
}
const cut = <T extends string | Buffer>(input: T, position: number, length?: number): T => {
  const [start, end] = range(input.length, position, length);
  return (typeof input === 'string' ? input.slice(start, end) : input.subarray(start, end)) as T;
};

export const substring = scalar({
  name: 'SUBSTRING',
  doc: 'The part from a position, 1-based and from the end when negative, of a length.',
  category: 'STRING',
  overloads: [
    overload('input STRING, position INTEGER', 'STRING', cut<string>),
    overload('input STRING, position INTEGER, length INTEGER', 'STRING', cut<string>),
    overload('input BYTES, position INTEGER', 'BYTES', cut<Buffer>),
    overload('input BYTES, position INTEGER, length INTEGER', 'BYTES', cut<Buffer>),
  ],
});
