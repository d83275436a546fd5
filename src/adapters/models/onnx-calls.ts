import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { InternalError } from '../../util/internal-error.ts';
import { tensorTypes, type TensorType } from './elements.ts';
import { fromHalf, toHalf } from './half.ts';
import { readOnnx, type OnnxFile } from './onnx-file.ts';
import type { Tensor, TensorInfo } from './tensors.ts';

// The package is CommonJS. This module is imported only where models are called, because it loads native code.
const require = createRequire(import.meta.url);
interface OrtTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: ArrayLike<number | bigint | string | boolean>;
}
interface Metadata {
  readonly name: string;
  readonly isTensor: boolean;
  readonly type?: string;
  readonly shape?: readonly (number | string)[];
}
interface Session {
  readonly inputMetadata: readonly Metadata[];
  readonly outputMetadata: readonly Metadata[];
  run(feeds: Record<string, OrtTensor>, fetches: readonly string[]): Promise<Record<string, OrtTensor>>;
  release(): Promise<void>;
}
interface Ort {
  readonly InferenceSession: {
    create(model: string | Uint8Array, options: object): Promise<Session>;
  };
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => OrtTensor;
}
const ort = require('onnxruntime-node') as Ort;

export interface LoadedModel {
  /** Tells the model's content, and so the session of it. */
  readonly key: string;
  readonly inputs: readonly OnnxTensor[];
  readonly outputs: readonly OnnxTensor[];
  /** Of its file and of those that hold its weights. */
  readonly bytes: number;
}
/** An input or output; `isTensor` is false for lists and maps, which no column can carry. */
export interface OnnxTensor extends TensorInfo {
  readonly isTensor: boolean;
}

interface Loaded {
  readonly session: Promise<Session>;
  readonly aliases: OnnxFile['aliases'];
  /** How many models use it. */
  users: number;
}
const sessions = new Map<string, Loaded>();

/** What a call gives, and how long it took. */
export interface OnnxAnswer {
  readonly tensors: Record<string, Tensor>;
  readonly ms: number;
}

/** The calls that a thread with ONNX Runtime answers. */
export interface OnnxCalls {
  /** Loads the file for one more user, unless a session with its content is there. */
  load(key: string | undefined, path: string, threads: number): Promise<LoadedModel>;
  /** Ends one use, and with the last one the session. */
  release(key: string): Promise<void>;
  /** How many sessions there are. */
  sessions(): number;
  run(key: string, feeds: Record<string, Tensor>, fetches: readonly string[]): Promise<OnnxAnswer>;
}

/** The content of a model, its hash with those of the files that hold its weights, and the size of all. */
function read(path: string, threads: number): OnnxFile & { readonly key: string; readonly size: number } {
  const bytes = readFileSync(path);
  const file = readOnnx(bytes);
  const hash = createHash('sha256').update(bytes);
  let size = bytes.length;
  for (const name of file.external) {
    const weights = readFileSync(join(dirname(path), name));
    hash.update(weights);
    size += weights.length;
  }
  return { ...file, key: `${hash.digest('hex')}/${threads}`, size };
}

function open(path: string, { bytes, aliases, external }: OnnxFile, threads: number): Promise<Session> {
  const options = {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
  };
  if (external.length === 0) return ort.InferenceSession.create(bytes, options);
  if (Object.keys(aliases).length > 0)
    throw new TypeError('the model has ZipMap and weights in other files: export it without ZipMap');
  // Only by its path does ONNX Runtime find the files beside it.
  return ort.InferenceSession.create(path, options);
}

const tensorInfo =
  (name: (own: string) => string) =>
  (metadata: Metadata): OnnxTensor => ({
    name: name(metadata.name),
    isTensor: metadata.isTensor,
    type: tensorTypes.find((type) => type === metadata.type),
    // No dimensions are told where the exporter left the shape out.
    shape: metadata.shape?.length === 0 ? undefined : metadata.shape,
  });

/** Those of this thread. */
export const onnxCalls: OnnxCalls = {
  async load(expected, path, threads) {
    const file = read(path, threads);
    const { key, aliases } = file;
    let loaded = sessions.get(key);
    if (loaded === undefined) {
      loaded = { session: open(path, file, threads), aliases, users: 0 };
      sessions.set(key, loaded);
    }
    loaded.users++;
    try {
      const session = await loaded.session;
      if ((expected ?? key) !== key || (file.external.length > 0 && read(path, threads).key !== key))
        throw new TypeError(`the file ${path} changed while it was loaded`);
      const outputOf = (tensor: string): string =>
        Object.keys(aliases).find((output) => aliases[output] === tensor) ?? tensor;
      return {
        key,
        inputs: session.inputMetadata.map(tensorInfo((name) => name)),
        outputs: session.outputMetadata.map(tensorInfo(outputOf)),
        bytes: file.size,
      };
    } catch (error) {
      await onnxCalls.release(key);
      throw error;
    }
  },
  async release(key) {
    const loaded = sessions.get(key);
    if (loaded === undefined || --loaded.users > 0) return;
    sessions.delete(key);
    const session = await loaded.session.catch(() => undefined);
    await session?.release();
  },
  sessions: () => sessions.size,
  async run(key, feeds, fetches) {
    const loaded = sessions.get(key);
    if (loaded === undefined) throw new InternalError(`model ${key} is not loaded`);
    const { session, aliases } = loaded;
    const tensors = Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, toOrt(tensor)]));
    const opened = await session;
    const begun = performance.now();
    const results = await opened.run(tensors, [...new Set(fetches.map((name) => aliases[name] ?? name))]);
    const ms = performance.now() - begun;
    return { tensors: Object.fromEntries(fetches.map((name) => [name, fromOrt(results[aliases[name] ?? name]!)])), ms };
  },
};

function toOrt({ type, data, shape }: Tensor): OrtTensor {
  const elements = type === 'float16' ? Uint16Array.from(data as ArrayLike<number>, toHalf) : data;
  return new ort.Tensor(type, elements, shape);
}

function fromOrt({ type, dims, data }: OrtTensor): Tensor {
  const shape = [...dims];
  if (type !== 'float16') return { type: type as TensorType, shape, data };
  return { type, shape, data: Float64Array.from(data as Uint16Array, fromHalf) };
}
