import type { Element, TensorType } from './elements.ts';
import { fromHalf, toHalf } from './half.ts';
import { jsonTensor } from './oip-json.ts';
import { datatypeOf, typeOf, type AnsweredTensor } from './oip-tensors.ts';
import { answerJson, type CallBody } from './remote.ts';
import type { Tensor } from './tensors.ts';

/** Says, in requests and answers, how many bytes of the body are JSON: tensors follow them. */
const jsonLengthHeader = 'inference-header-content-length';

/** How many bytes an element has; those of strings vary. */
const sizes: Readonly<Record<Exclude<TensorType, 'string'>, number>> = {
  float16: 2,
  float32: 4,
  float64: 8,
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  uint8: 1,
  uint16: 2,
  uint32: 4,
  uint64: 8,
  bool: 1,
};

/**
 * The body of a call in the protocol's binary data extension: JSON that describes the tensors, and behind it their bytes, as they are
 * in the memory of a little-endian machine. `outputs` as for JSON; all are asked for as bytes too.
 */
export function binaryRequest(feeds: Readonly<Record<string, Tensor>>, outputs: readonly string[]): CallBody {
  const parts = Object.entries(feeds).map(([name, tensor]) => ({ name, tensor, bytes: tensorBytes(tensor) }));
  const head = {
    inputs: parts.map(({ name, tensor: { type, shape }, bytes }) => ({
      name,
      shape,
      datatype: datatypeOf(type),
      parameters: { binary_data_size: bytes.length },
    })),
    ...(outputs.length > 0 && { outputs: outputs.map((name) => ({ name, parameters: { binary_data: true } })) }),
    parameters: { binary_data_output: true },
  };
  const json = Buffer.from(JSON.stringify(head));
  return {
    bytes: Buffer.concat([json, ...parts.map(({ bytes }) => bytes)]),
    headers: { 'content-type': 'application/octet-stream', [jsonLengthHeader]: String(json.length) },
  };
}

function tensorBytes({ type, data }: Tensor): Buffer {
  if (type === 'string') {
    const texts = Array.from(data as ArrayLike<string>, (text) => Buffer.from(text));
    const bytes = Buffer.alloc(texts.reduce((sum, { length }) => sum + 4 + length, 0));
    let at = 0;
    for (const text of texts) {
      at = bytes.writeUInt32LE(text.length, at);
      at += text.copy(bytes, at);
    }
    return bytes;
  }
  if (type === 'float16') return bytesOf(Uint16Array.from(data as ArrayLike<number>, toHalf));
  // As `pack` makes it of every other type.
  return bytesOf(data as unknown as NodeJS.TypedArray);
}
const bytesOf = ({ buffer, byteOffset, byteLength }: NodeJS.TypedArray): Buffer =>
  Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);

/** The tensors of an answer, by name. A server may write some of them, or all, as JSON. Throws for an answer of another form. */
export function answeredTensors(
  bytes: Buffer,
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, Tensor> {
  const told = headers[jsonLengthHeader];
  const jsonLength = told === undefined ? bytes.length : /^\d+$/.test(String(told)) ? Number(told) : NaN;
  if (!(jsonLength <= bytes.length))
    throw new TypeError(
      `the answer has ${bytes.length} bytes, and its head says that ${String(told)} of them are JSON`,
    );
  const outputs = outputsOf(bytes.toString('utf8', 0, jsonLength));
  let at = jsonLength;
  const tensors = outputs.map((output): [string, Tensor] => {
    const size = output.parameters?.binary_data_size;
    if (size === undefined) return [output.name, jsonTensor(output)];
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0 || at + size > bytes.length)
      throw new TypeError(
        `output "${output.name}" has ${String(size)} bytes, and the answer has ${bytes.length - at} left`,
      );
    at += size;
    return [output.name, binaryTensor(output, bytes.subarray(at - size, at))];
  });
  if (at !== bytes.length) throw new TypeError(`the answer has ${bytes.length - at} bytes that belong to no output`);
  return Object.fromEntries(tensors);
}

function outputsOf(json: string): readonly AnsweredTensor[] {
  let answer: unknown;
  try {
    answer = answerJson(json);
  } catch {
    throw new TypeError('the answer is not JSON');
  }
  const outputs = (answer as { readonly outputs?: unknown } | null)?.outputs;
  if (!Array.isArray(outputs)) throw new TypeError('the answer has no outputs');
  return outputs as readonly AnsweredTensor[];
}

function binaryTensor({ name, datatype, shape }: AnsweredTensor, bytes: Buffer): Tensor {
  const type = typeOf(datatype);
  if (type === undefined) throw new TypeError(`output "${name}" is ${datatype}, which no column can be`);
  if (!Array.isArray(shape)) throw new TypeError(`output "${name}" has no shape`);
  const data = type === 'string' ? textsOf(name, bytes) : elementsOf(name, type, bytes);
  return { type, shape: shape as readonly number[], data };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Each text has its length, of four bytes, before it. */
function textsOf(name: string, bytes: Buffer): readonly string[] {
  const texts: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const from = at + 4;
    const to = from > bytes.length ? Infinity : from + bytes.readUInt32LE(at);
    if (to > bytes.length) throw new TypeError(`output "${name}": text ${texts.length} ends behind the tensor`);
    try {
      texts.push(utf8.decode(bytes.subarray(from, to)));
    } catch {
      throw new TypeError(`output "${name}": text ${texts.length} is not UTF-8`);
    }
    at = to;
  }
  return texts;
}

function elementsOf(name: string, type: Exclude<TensorType, 'string'>, bytes: Buffer): ArrayLike<Element> {
  if (bytes.length % sizes[type] !== 0)
    throw new TypeError(`output "${name}" has ${bytes.length} bytes, which are no elements of ${datatypeOf(type)}`);
  // A copy, because views of more than one byte begin at multiples of it.
  const own = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  switch (type) {
    case 'float16':
      return Float64Array.from(new Uint16Array(own), fromHalf);
    case 'float32':
      return new Float32Array(own);
    case 'float64':
      return new Float64Array(own);
    case 'int8':
      return new Int8Array(own);
    case 'int16':
      return new Int16Array(own);
    case 'int32':
      return new Int32Array(own);
    case 'int64':
      return new BigInt64Array(own);
    case 'uint8':
      return new Uint8Array(own);
    case 'uint16':
      return new Uint16Array(own);
    case 'uint32':
      return new Uint32Array(own);
    case 'uint64':
      return new BigUint64Array(own);
    case 'bool': {
      const elements = new Uint8Array(own);
      const other = elements.find((element) => element > 1);
      if (other !== undefined) throw new TypeError(`output "${name}" has the byte ${other}, which is no BOOL`);
      return elements;
    }
  }
}
