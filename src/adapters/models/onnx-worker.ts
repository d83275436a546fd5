import { createRequire } from 'node:module';
import { parentPort } from 'node:worker_threads';
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

export type WorkerRequest =
  | {
      readonly id: number;
      readonly kind: 'load';
      readonly key: string;
      readonly path: string;
      readonly threads: number;
    }
  | {
      readonly id: number;
      readonly kind: 'run';
      readonly key: string;
      readonly feeds: Record<string, Tensor>;
      readonly fetches: readonly string[];
    }
  | { readonly id: number; readonly kind: 'unload'; readonly key: string };
export interface LoadedModel {
  readonly inputs: readonly {
    readonly name: string;
    readonly type: string;
    readonly shape: readonly (number | string)[];
  }[];
  readonly outputs: readonly string[];
}

const sessions = new Map<string, Session>();

async function handle(request: WorkerRequest): Promise<unknown> {
  if (request.kind === 'unload') return sessions.delete(request.key);
  if (request.kind === 'load') {
    const options = {
      intraOpNumThreads: request.threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
    };
    const session = sessions.get(request.key) ?? (await ort.InferenceSession.create(request.path, options));
    sessions.set(request.key, session);
    const inputs = session.inputNames.map((name, i) => ({
      name,
      type: session.inputMetadata[i]?.type ?? 'float32',
      shape: session.inputMetadata[i]?.shape ?? [],
    }));
    return { inputs, outputs: session.outputNames } satisfies LoadedModel;
  }
  const session = sessions.get(request.key);
  if (session === undefined) throw new TypeError(`model ${request.key} is not loaded`);
  const feeds = Object.fromEntries(
    Object.entries(request.feeds).map(([name, { type, data, shape }]) => [name, new ort.Tensor(type, data, shape)]),
  );
  const results = await session.run(feeds, request.fetches);
  return Object.fromEntries(
    Object.entries(results).map(([name, { type, dims, data }]) => [
      name,
      { type: type as TensorType, shape: [...dims], data } satisfies Tensor,
    ]),
  );
}

parentPort?.on('message', (request: WorkerRequest) => {
  handle(request).then(
    (result) => parentPort!.postMessage({ id: request.id, result }),
    (error: unknown) =>
      parentPort!.postMessage({ id: request.id, error: error instanceof Error ? error.message : String(error) }),
  );
});
