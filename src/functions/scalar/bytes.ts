import { EvaluationError } from '../../types/numbers.ts';
import { overload, scalar, type Evaluate, type ScalarFunction } from '../define.ts';

type Encoding = 'hex' | 'utf8' | 'ascii' | 'base64';
const replacement = '\ufffd';

function encodingOf(name: string): Encoding {
  const known = name.toLowerCase();
  if (known === 'hex' || known === 'utf8' || known === 'ascii' || known === 'base64') return known;
  throw new EvaluationError(`encoding "${name}" is not one of hex, utf8, ascii, base64`);
}

/** ASCII as Java does it: other characters become `?` in bytes and U+FFFD in text. */
const asciiBytes = (text: string): Buffer => Buffer.from(text.replace(/[^\0-\x7f]/gu, '?'), 'latin1');
const asciiText = (bytes: Buffer): string => bytes.toString('latin1').replace(/[\x80-\xff]/g, replacement);

function hexBytes(digits: string): Buffer {
  if (!/^([0-9a-f]{2})*$/i.test(digits)) throw new EvaluationError(`"${digits}" is not hexadecimal`);
  return Buffer.from(digits, 'hex');
}
function base64Bytes(text: string): Buffer {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new EvaluationError(`"${text}" is not base64`);
  return Buffer.from(text, 'base64');
}
const toBytes: Record<Encoding, (text: string) => Buffer> = {
  hex: hexBytes,
  utf8: (text) => Buffer.from(text),
  ascii: asciiBytes,
  base64: base64Bytes,
};
const toText: Record<Encoding, (bytes: Buffer) => string> = {
  hex: (bytes) => bytes.toString('hex'),
  utf8: (bytes) => bytes.toString(),
  ascii: asciiText,
  base64: (bytes) => bytes.toString('base64'),
};

/** Hex digits as `0x4a` (an odd number gets a leading zero), `X'4a'` or plain. */
function looseHex(text: string): Buffer {
  const digits = /^0x(.*)$/.exec(text)?.[1];
  if (digits === undefined) return hexBytes(/^[xX]'(.*)'$/.exec(text)?.[1] ?? text);
  return hexBytes(digits.length % 2 === 1 ? `0${digits}` : digits);
}

function encode(text: string, from: string, to: string): string {
  const [source, target] = [encodingOf(from), encodingOf(to)];
  if (source === target) throw new EvaluationError(`ENCODE needs two different encodings, "${from}" came twice`);
  return toText[target](source === 'hex' ? looseHex(text) : toBytes[source](text));
}

/** Converts bytes to a number: big-endian, unless the call says LITTLE_ENDIAN. */
function fromBytes(name: string, size: number, type: string, big: Evaluate, little: Evaluate): ScalarFunction {
  const read = (bytes: Buffer, order = 'BIG_ENDIAN'): unknown => {
    if (bytes.length !== size) throw new EvaluationError(`${name} needs ${size} bytes, ${bytes.length} came`);
    if (order !== 'BIG_ENDIAN' && order !== 'LITTLE_ENDIAN')
      throw new EvaluationError(`byte order "${order}" is not one of BIG_ENDIAN, LITTLE_ENDIAN`);
    return order === 'BIG_ENDIAN' ? big(bytes) : little(bytes);
  };
  return scalar({
    name,
    doc: `The ${type} in ${size} bytes, BIG_ENDIAN unless LITTLE_ENDIAN is given; an error for another length.`,
    category: 'STRING',
    overloads: [
      overload('value BYTES', type, (value: Buffer) => read(value)),
      overload('value BYTES, order STRING', type, read),
    ],
  });
}
/** The canonical form of a BIGINT: a number where that is exact. */
const long = (value: bigint): number | bigint => (Number.isSafeInteger(Number(value)) ? Number(value) : value);

/** Bytes to and from text and numbers. */
export const bytesFunctions: readonly ScalarFunction[] = [
  scalar({
    name: 'TO_BYTES',
    doc: 'The bytes that a text stands for: hex, utf8, ascii or base64; an error when it is malformed.',
    category: 'STRING',
    overloads: [
      overload('text STRING, encoding STRING', 'BYTES', (text: string, name: string) =>
        toBytes[encodingOf(name)](text),
      ),
    ],
  }),
  scalar({
    name: 'FROM_BYTES',
    doc: 'Bytes as a text: hex (upper case), utf8, ascii or base64.',
    category: 'STRING',
    overloads: [
      overload('value BYTES, encoding STRING', 'STRING', (value: Buffer, name: string) => {
        const encoding = encodingOf(name);
        const text = toText[encoding](value);
        return encoding === 'hex' ? text.toUpperCase() : text;
      }),
    ],
  }),
  scalar({
    name: 'ENCODE',
    doc: "A text from one encoding to another: hex, utf8, ascii, base64. Hex may be written 0x… or X'…'.",
    category: 'STRING',
    overloads: [overload('text STRING, from STRING, to STRING', 'STRING', encode)],
  }),
  fromBytes(
    'INT_FROM_BYTES',
    4,
    'INTEGER',
    (bytes: Buffer) => bytes.readInt32BE(),
    (bytes: Buffer) => bytes.readInt32LE(),
  ),
  fromBytes(
    'BIGINT_FROM_BYTES',
    8,
    'BIGINT',
    (bytes: Buffer) => long(bytes.readBigInt64BE()),
    (bytes: Buffer) => long(bytes.readBigInt64LE()),
  ),
  fromBytes(
    'DOUBLE_FROM_BYTES',
    8,
    'DOUBLE',
    (bytes: Buffer) => bytes.readDoubleBE(),
    (bytes: Buffer) => bytes.readDoubleLE(),
  ),
];
