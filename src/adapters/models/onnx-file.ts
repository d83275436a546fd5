/** What is read and changed of an ONNX file: its protobuf is walked, and only what is named here is looked at. */

interface Field {
  readonly number: number;
  /** With the tag. */
  readonly whole: Uint8Array;
  /** The bytes of a message, text or packed list; empty for a number. */
  readonly body: Uint8Array;
  readonly value: number;
}

function fields(bytes: Uint8Array): Field[] {
  const found: Field[] = [];
  let at = 0;
  const varint = (): number => {
    let [value, factor] = [0, 1];
    for (;;) {
      const byte = bytes[at++];
      if (byte === undefined) throw new TypeError('the file is no ONNX model: it ends within a number');
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
  };
  while (at < bytes.length) {
    const start = at;
    const tag = varint();
    const wire = tag & 7;
    const value = wire === 0 || wire === 2 ? varint() : 0;
    const from = at;
    if (wire === 2) at += value;
    else if (wire === 1) at += 8;
    else if (wire === 5) at += 4;
    else if (wire !== 0) throw new TypeError('the file is no ONNX model');
    if (at > bytes.length) throw new TypeError('the file is no ONNX model: it ends within a field');
    found.push({
      number: Math.floor(tag / 8),
      whole: bytes.subarray(start, at),
      body: wire === 2 ? bytes.subarray(from, at) : bytes.subarray(at, at),
      value,
    });
  }
  return found;
}

const decoder = new TextDecoder();
const text = (all: readonly Field[], number: number): string =>
  decoder.decode(all.find((field) => field.number === number)?.body ?? new Uint8Array());
const texts = (all: readonly Field[], number: number): string[] =>
  all.filter((field) => field.number === number).map(({ body }) => decoder.decode(body));

const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
function message(number: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([...varint(number * 8 + 2), ...varint(body.length)]), body]);
}
const label = (number: number, name: string): Buffer => message(number, Buffer.from(name));

export interface OnnxFile {
  readonly bytes: Uint8Array;
  /** The tensor that stands for an output that was a map, by the output's name. */
  readonly aliases: Readonly<Record<string, string>>;
  /** Files beside the model that hold its weights. */
  readonly external: readonly string[];
}

// Field numbers of onnx.proto.
const model = { graph: 7 };
const graph = { node: 1, initializer: 5, input: 11, output: 12 };
const node = { input: 1, output: 2, op: 4 };
const tensor = { external: 13 };
const entry = { key: 1, value: 2 };
const valueInfo = { name: 1, type: 2 };

/**
 * Reads a model. Training libraries end a classifier with ZipMap, which makes a list of maps of the probabilities; it is taken
 * away, so that the output is the tensor before it.
 */
export function readOnnx(bytes: Uint8Array): OnnxFile {
  const parts = fields(bytes);
  const body = parts.find(({ number }) => number === model.graph)?.body;
  if (body === undefined) throw new TypeError('the file is no ONNX model: it has no graph');
  const all = fields(body);
  const external = all
    .filter(({ number }) => number === graph.initializer)
    .flatMap((field) => fields(field.body).filter(({ number }) => number === tensor.external))
    .map((field) => fields(field.body))
    .filter((pair) => text(pair, entry.key) === 'location')
    .map((pair) => text(pair, entry.value));
  const aliases: Record<string, string> = {};
  const kept = all.filter((field) => {
    if (field.number !== graph.node) return true;
    const parsed = fields(field.body);
    if (text(parsed, node.op) !== 'ZipMap') return true;
    aliases[texts(parsed, node.output)[0]!] = texts(parsed, node.input)[0]!;
    return false;
  });
  if (Object.keys(aliases).length === 0) return { bytes, aliases, external: [...new Set(external)] };
  const names = new Set(
    kept.filter(({ number }) => number === graph.output).map((field) => text(fields(field.body), valueInfo.name)),
  );
  const changed = kept.flatMap((field): Uint8Array[] => {
    if (field.number !== graph.output) return [field.whole];
    const alias = aliases[text(fields(field.body), valueInfo.name)];
    if (alias === undefined) return [field.whole];
    // The tensor may be an output already.
    return names.has(alias) ? [] : [message(graph.output, label(valueInfo.name, alias), floatTensor)];
  });
  const renewed = parts.map((part) => (part.number === model.graph ? message(model.graph, ...changed) : part.whole));
  return {
    bytes: Buffer.concat(renewed),
    aliases,
    external: [...new Set(external)],
  };
}

/** The type of ZipMap's input: floats by row and class. */
const floatTensor = message(valueInfo.type, message(1, Buffer.from([8, 1])));
