import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { modelOptions, onnxOptions } from '../../config/model-options.ts';
import { Worker } from 'node:worker_threads';
import type { ModelColumn, ModelVersion } from '../../types/model.ts';
import { BIGINT, BOOLEAN, DOUBLE, INTEGER, STRING, type SqlType, type Value, type Row } from '../../types/sql-type.ts';
import { workerPath } from '../../util/worker-path.ts';
import { WorkerRpc } from '../../util/worker-rpc.ts';
import type { LoadedModel, OnnxCalls } from './onnx-worker.ts';
import { outputPlaces, pack, unpack, type OutputPlace, type Tensor, type TensorType } from './tensors.ts';
import type { Provider, ProviderModel } from './provider.ts';

/** A worker thread with ONNX Runtime. */
class OnnxWorker {
  readonly #worker: Worker;
  readonly rpc: WorkerRpc<OnnxCalls>;

  constructor() {
    this.#worker = new Worker(workerPath(import.meta.url, 'onnx-worker'));
    this.#worker.unref();
    this.#worker.on('error', (error) => this.rpc.fail(error.message));
    this.rpc = new WorkerRpc(this.#worker, {});
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
    this.rpc.fail('the worker has been stopped');
  }
}

const sqlTypes: Record<string, SqlType> = {
  float32: DOUBLE,
  float: DOUBLE,
  float64: DOUBLE,
  double: DOUBLE,
  int32: INTEGER,
  int64: BIGINT,
  bool: BOOLEAN,
  string: STRING,
};
const tensorTypes: Record<string, TensorType> = {
  float32: 'float32',
  float: 'float32',
  float64: 'float64',
  double: 'float64',
  int32: 'int32',
  int64: 'int64',
  bool: 'bool',
  string: 'string',
};

/** Models in ONNX files, scored in worker threads of this process. */
export class OnnxProvider implements Provider {
  readonly #workers: OnnxWorker[] = [];

  #pool(wanted: number): OnnxWorker[] {
    while (this.#workers.length < wanted) this.#workers.push(new OnnxWorker());
    return this.#workers;
  }

  async load(
    name: string,
    { version, options }: ModelVersion,
    declared: { input: readonly ModelColumn[]; output: readonly ModelColumn[] },
  ): Promise<ProviderModel> {
    const path = resolve(onnxOptions.read('PATH', options)!);
    if (!existsSync(path)) throw new TypeError(`the file ${path} does not exist`);
    const key = `${name}/${version}/${path}`;
    const workers = this.#pool(onnxOptions.read('WORKERS', options));
    const threads = onnxOptions.read('INTRA_OP_THREADS', options);
    let loaded: LoadedModel | undefined;
    for (const worker of workers) loaded = await worker.rpc.call('load', key, path, threads);
    const packed = modelOptions.read('INPUT_TENSOR', options);
    const input = declared.input.length > 0 ? declared.input : derivedInputs(loaded!, packed);
    const feeds = feedBuilder(loaded!, input, packed);
    const output =
      declared.output.length > 0
        ? declared.output
        : loaded!.outputs.map((each) => ({ name: each.toUpperCase(), type: DOUBLE }));
    const places = outputPlaces(modelOptions.read('OUTPUT_MAP', options), output, loaded!.outputs);
    const fetches = [...new Set(places.map(({ tensor }) => tensor))];
    const score = async (rows: readonly Row[]): Promise<Value[][]> => {
      const worker = workers.reduce((best, each) => (each.rpc.waiting < best.rpc.waiting ? each : best));
      const tensors = await worker.rpc.call('run', key, feeds(rows), fetches);
      return unpack(tensors, places satisfies OutputPlace[], output, rows.length);
    };
    // One row of zeros shows now what would otherwise fail for every row.
    await score([input.map(({ type }): Value => (type.kind === 'STRING' ? '' : type.kind === 'BOOLEAN' ? false : 0))]);
    return { input, output, score };
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.stop()));
  }
}

function derivedInputs({ inputs }: LoadedModel, packed: string | undefined): ModelColumn[] {
  if (packed !== undefined)
    throw new TypeError('INPUT columns are needed: INPUT_TENSOR packs them, and a tensor has no column names');
  return inputs.map(({ name, type }) => ({ name: name.toUpperCase(), type: sqlTypes[type] ?? DOUBLE }));
}

/** How rows become the model's input tensors; sizes are checked here, when the model is made. */
function feedBuilder(
  { inputs }: LoadedModel,
  input: readonly ModelColumn[],
  packed: string | undefined,
): (rows: readonly Row[]) => Record<string, Tensor> {
  const names = inputs.map(({ name }) => name).join(', ');
  if (packed !== undefined) {
    const tensor = inputs.find(({ name }) => name === packed);
    if (tensor === undefined) throw new TypeError(`INPUT_TENSOR: the model has no input "${packed}", only ${names}`);
    const width = tensor.shape.at(-1);
    if (typeof width === 'number' && width > 0 && width !== input.length)
      throw new TypeError(`input "${packed}" takes ${width} columns, and INPUT declares ${input.length}`);
    const slots = input.map((_, i) => i);
    const type = tensorTypes[tensor.type] ?? 'float32';
    return (rows) => ({ [packed]: pack(rows, slots, type) });
  }
  if (inputs.length !== input.length)
    throw new TypeError(
      `the model has ${inputs.length} inputs (${names}), and INPUT declares ${input.length}; INPUT_TENSOR packs them into one`,
    );
  const found = input.map((column, slot) => {
    const tensor = inputs.find(({ name }) => name.toUpperCase() === column.name.toUpperCase()) ?? inputs[slot]!;
    return { name: tensor.name, slot, type: tensorTypes[tensor.type] ?? 'float32' };
  });
  return (rows) => Object.fromEntries(found.map(({ name, slot, type }) => [name, pack(rows, [slot], type)]));
}
