import { createRequire } from 'node:module';
import { parentPort } from 'node:worker_threads';
import { InternalError } from '../../util/internal-error.ts';
import { WorkerRpc } from '../../util/worker-rpc.ts';
import type { Tensor, TensorType } from './tensors.ts';

// The package is CommonJS with types of its own; it is loaded in workers only, so that a native crash stays in sight.
const require = createRequire(import.meta.url);
interface OrtTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: ArrayLike<number | bigint | string | boolean>;
}
interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly inputMetadata: readonly {
    readonly name: string;
    readonly type: string;
    readonly shape: readonly (number | string)[];
  }[];
  run(feeds: Record<string, OrtTensor>, fetches: readonly string[]): Promise<Record<string, OrtTensor>>;
}
interface Ort {
  readonly InferenceSession: { create(path: string, options: object): Promise<Session> };
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => OrtTensor;
}
const ort = require('onnxruntime-node') as Ort;

export interface LoadedModel {
  readonly inputs: readonly {
    readonly name: string;
    readonly type: string;
    readonly shape: readonly (number | string)[];
  }[];
  readonly outputs: readonly string[];
}

const sessions = new Map<string, Session>();

/** What this thread does for `OnnxProvider`. */
export interface OnnxCalls {
  load(key: string, path: string, threads: number): Promise<LoadedModel>;
  run(key: string, feeds: Record<string, Tensor>, fetches: readonly string[]): Promise<Record<string, Tensor>>;
}

const calls: OnnxCalls = {
  async load(key, path, threads) {
    const options = {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
    };
    const session = sessions.get(key) ?? (await ort.InferenceSession.create(path, options));
    sessions.set(key, session);
    const inputs = session.inputNames.map((name, i) => ({
      name,
      type: session.inputMetadata[i]?.type ?? 'float32',
      shape: session.inputMetadata[i]?.shape ?? [],
    }));
    return { inputs, outputs: session.outputNames };
  },
  async run(key, feeds, fetches) {
    const session = sessions.get(key);
    if (session === undefined) throw new InternalError(`model ${key} is not loaded`);
    const tensors = Object.fromEntries(
      Object.entries(feeds).map(([name, { type, data, shape }]) => [name, new ort.Tensor(type, data, shape)]),
    );
    const results = await session.run(tensors, fetches);
    return Object.fromEntries(
      Object.entries(results).map(([name, { type, dims, data }]) => [
        name,
        { type: type as TensorType, shape: [...dims], data } satisfies Tensor,
      ]),
    );
  },
};

if (parentPort !== null) new WorkerRpc(parentPort, calls);
