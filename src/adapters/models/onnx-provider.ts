import { existsSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { modelOptions } from '../../config/model-options.ts';
import { onnxOptions } from '../../config/provider-options.ts';
import type { ModelColumn, ModelVersion } from '../../types/model.ts';
import type { Row, SqlType, Value } from '../../types/sql-type.ts';
import { modelFile } from './fetched-models.ts';
import { addOnnxRuntime, hasOnnxRuntime } from './onnx-runtime.ts';
import { OnnxSession, OnnxWorker, OwnThread, type Tensors } from './onnx-session.ts';
import type { OnnxTensor } from './onnx-calls.ts';
import { checkOutput, derivedColumns, describeOutputs, outputPlaces, unpack } from './outputs.ts';
import { asResponse, type ModelColumns, type Provider, type ProviderModel, type RowAnswer } from './provider.ts';
import { checkTensorColumns } from './tensor-columns.ts';
import { fixed, inputTensor, pack, scoreRows, withoutNaN, type InputTensor } from './tensors.ts';

/** Models in ONNX files, scored in worker threads of this process, and those whose calls are quick in the thread that asks. */
export class OnnxProvider implements Provider {
  readonly takesNull = false;
  readonly #workers: OnnxWorker[] = [];
  readonly #own: OwnThread;

  /** `staysOut`: no model is called in the thread that asks. */
  constructor(staysOut = false) {
    // A worker may be ended at any time, and the process with it while it calls a model.
    this.#own = new OwnThread(isMainThread && !staysOut);
  }

  #pool(wanted: number): readonly OnnxWorker[] {
    while (this.#workers.length < wanted) this.#workers.push(new OnnxWorker());
    return this.#workers.slice(0, wanted);
  }

  check({ options }: ModelVersion, declared: ModelColumns): void {
    checkTensorColumns(declared, options);
  }

  /** A model of one row a call is called so, from what its file tells. */
  isByRow(): boolean {
    return false;
  }
  workers({ options }: ModelVersion): number {
    return onnxOptions.read('WORKERS', options);
  }

  async load({ options }: ModelVersion, declared: ModelColumns): Promise<ProviderModel> {
    const { path, pinned } = await modelFile(onnxOptions.read('PATH', options)!);
    if (!existsSync(path)) throw new TypeError(`the file ${path} does not exist`);
    if (!hasOnnxRuntime()) throw new TypeError(addOnnxRuntime);
    const session = await OnnxSession.load(
      this.#pool(onnxOptions.read('WORKERS', options)),
      path,
      onnxOptions.read('INTRA_OP_THREADS', options),
      this.#own,
    );
    try {
      const model = await modelOf(session, options, declared);
      return pinned === undefined ? model : { ...model, pinned: { PATH: pinned } };
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  /** How many sessions there are. */
  async sessions(): Promise<number> {
    const counts = await Promise.all(this.#workers.map(({ rpc }) => rpc.call('sessions')));
    return counts.reduce((sum, count) => sum + count, this.#own.sessions);
  }

  async close(): Promise<void> {
    this.#own.close();
    await Promise.all(this.#workers.map((worker) => worker.stop()));
  }
}

async function modelOf(
  session: OnnxSession,
  options: ModelVersion['options'],
  declared: ModelColumns,
): Promise<ProviderModel> {
  const { inputs, outputs } = session.model;
  const packed = modelOptions.read('INPUT_TENSOR', options);
  const input = declared.input.length > 0 ? declared.input : derivedInputs(inputs, packed);
  const tensors = inputTensors(inputs, input, packed);
  const told = outputs.filter(({ isTensor }) => isTensor);
  if (told.length === 0) throw new TypeError('no output of the model is a tensor');
  const trial = await tryRows(session, tensors, input, told);
  const known = told.map((tensor) => {
    const rank = trial.tensors[tensor.name]?.shape.length;
    return {
      ...tensor,
      shape: tensor.shape ?? (rank === undefined ? undefined : trial.tensors[tensor.name]!.shape),
    };
  });
  const output = declared.output.length > 0 ? declared.output : derivedColumns(known);
  const names = known.map(({ name }) => name);
  const places = outputPlaces(modelOptions.read('OUTPUT_MAP', options), output, names);
  places.forEach((place, i) =>
    checkOutput(
      output[i]!,
      place,
      known.find(({ name }) => name === place.tensor),
    ),
  );
  if (trial.rows > 0) unpack(trial.tensors, places, output, trial.rows);
  const fetches = [...new Set(places.map(({ tensor }) => tensor))];
  // Rows of other sizes, and halves, which no thread but a worker can carry, tell nothing of the next call.
  const isEven =
    ![...tensors, ...known].some(({ type }) => type === 'float16') && tensors.every(({ varies }) => !varies);
  const call = async (feeds: Tensors, rows: number): Promise<readonly RowAnswer[]> => {
    const answer = await session.run(feeds, fetches, rows, isEven);
    return asResponse(() => unpack(answer, places, output, rows));
  };
  const score = (rows: readonly Row[]): Promise<readonly RowAnswer[]> => scoreRows(rows, tensors, call);
  return {
    input,
    output,
    ...describeOutputs(places, output, known, declared.output.length === 0),
    withoutNaN: withoutNaN(tensors, input),
    score: trial.oneByOne ? async (rows) => (await Promise.all(rows.map((row) => score([row])))).flat() : score,
    close: () => session.close(),
  };
}

function derivedInputs(inputs: readonly OnnxTensor[], packed: string | undefined): ModelColumn[] {
  if (packed !== undefined)
    throw new TypeError('INPUT columns are needed: INPUT_TENSOR packs them, and a tensor has no column names');
  return derivedColumns(inputs);
}

/** The input tensors with their columns. Types and shapes are checked here, when the model is loaded. */
function inputTensors(
  inputs: readonly OnnxTensor[],
  input: readonly ModelColumn[],
  packed: string | undefined,
): readonly InputTensor[] {
  const unfit = inputs.find(({ type }) => type === undefined);
  if (unfit !== undefined) throw new TypeError(`input "${unfit.name}" has a type that no column can be`);
  const names = inputs.map(({ name }) => name).join(', ');
  const columns = input.map((column, slot) => ({ ...column, slot }));
  if (packed !== undefined) {
    const tensor = inputs.find(({ name }) => name === packed);
    if (tensor === undefined) throw new TypeError(`INPUT_TENSOR: the model has no input "${packed}", only ${names}`);
    if (inputs.length > 1) throw new TypeError(`INPUT_TENSOR: the model has further inputs than "${packed}": ${names}`);
    return [inputTensor(tensor, columns)];
  }
  if (inputs.length !== input.length)
    throw new TypeError(
      `the model has ${inputs.length} inputs (${names}), and INPUT declares ${input.length}; INPUT_TENSOR packs them into one`,
    );
  const named = columns.map(({ name }) => inputs.find((tensor) => tensor.name.toUpperCase() === name.toUpperCase()));
  const free = inputs.filter((tensor) => !named.includes(tensor));
  return columns.map((column, slot) => inputTensor(named[slot] ?? free.shift()!, [column]));
}

function zero(type: SqlType, [length = 1, ...inner]: readonly (number | undefined)[]): Value {
  if (type.kind === 'ARRAY') return Array<Value>(length).fill(zero(type.element, inner));
  return type.kind === 'STRING' ? '' : type.kind === 'BOOLEAN' ? false : 0;
}

interface Trial {
  /** How many rows were tried; 0 when no call could be made that tells more than the model's shapes. */
  readonly rows: number;
  readonly tensors: Tensors;
  /** Whether the model takes one row a call. */
  readonly oneByOne: boolean;
}

/** Scores rows of zeros, to find now what would otherwise fail for every row. */
async function tryRows(
  session: OnnxSession,
  tensors: readonly InputTensor[],
  input: readonly ModelColumn[],
  outputs: readonly OnnxTensor[],
): Promise<Trial> {
  const { inputs } = session.model;
  const rowsFixed = inputs.map(({ shape }) => shape?.[0]).find(fixed);
  if (rowsFixed !== undefined && rowsFixed > 1)
    throw new TypeError(`the model takes exactly ${rowsFixed} rows a call: export it with a free first dimension`);
  const row = input.map(({ type }, slot) =>
    zero(type, tensors.find(({ columns }) => columns.some((column) => column.slot === slot))!.lengths),
  );
  const fetches = outputs.map(({ name }) => name);
  const trial = async (count: number): Promise<Trial> => {
    const feeds = Object.fromEntries(tensors.map((tensor) => [tensor.name, pack(Array<Row>(count).fill(row), tensor)]));
    return {
      rows: count,
      tensors: await session.run(feeds, fetches, count, false),
      oneByOne: count === 1,
    };
  };
  const hasFreeLength = tensors.some(({ lengths }) => lengths.includes(undefined));
  try {
    if (rowsFixed === undefined) {
      const two = await trial(2).catch(() => undefined);
      if (two !== undefined && Object.values(two.tensors).every(({ shape }) => shape[0] === 2)) return two;
    }
    return await trial(1);
  } catch (error) {
    // The length that this model needs is not known: the shapes that it tells must do.
    if (hasFreeLength) return { rows: 0, tensors: {}, oneByOne: false };
    throw error;
  }
}
