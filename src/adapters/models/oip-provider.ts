import { modelOptions } from '../../config/model-options.ts';
import { oipOptions } from '../../config/provider-options.ts';
import type { ModelColumn, ModelVersion } from '../../types/model.ts';
import { checkOutbound } from '../../util/outbound.ts';
import { tensorTypes, type Element, type TensorType } from './elements.ts';
import {
  checkOutput,
  derivedColumns,
  describeOutputs,
  outputPlaces,
  parseOutputMap,
  unpack,
  type OutputPlace,
} from './outputs.ts';
import { asResponse, type ModelColumns, type Provider, type ProviderModel, type RowAnswer } from './provider.ts';
import { askServer, callServer, endpointOf, modelPath, remoteServer, type RemoteServer } from './remote.ts';
import { checkTensorColumns } from './tensor-columns.ts';
import { inputTensor, scoreRows, withoutNaN, type InputTensor, type Tensor, type TensorInfo } from './tensors.ts';

interface TensorMetadata {
  readonly name: string;
  readonly datatype: string;
  readonly shape?: readonly number[];
}
interface Metadata {
  readonly inputs?: readonly TensorMetadata[];
  readonly outputs?: readonly TensorMetadata[];
}
interface Answer {
  readonly outputs?: readonly {
    readonly name: string;
    readonly datatype?: string;
    readonly shape: readonly number[];
    readonly data: readonly unknown[];
  }[];
}

const datatypes: Record<TensorType, string> = {
  float16: 'FP16',
  float32: 'FP32',
  float64: 'FP64',
  int8: 'INT8',
  int16: 'INT16',
  int32: 'INT32',
  int64: 'INT64',
  uint8: 'UINT8',
  uint16: 'UINT16',
  uint32: 'UINT32',
  uint64: 'UINT64',
  bool: 'BOOL',
  string: 'BYTES',
};
const typeOf = (datatype: string | undefined): TensorType | undefined =>
  tensorTypes.find((type) => datatypes[type] === datatype);

/** Models behind the Open Inference Protocol, version 2, over HTTP. */
export class OipProvider implements Provider {
  readonly takesNull = false;

  check({ options }: ModelVersion, declared: ModelColumns): void {
    checkOutbound(oipOptions.read('ENDPOINT', options)!);
    checkTensorColumns(declared, options);
  }

  isByRow(): boolean {
    return false;
  }

  async load({ options }: ModelVersion, declared: ModelColumns): Promise<ProviderModel> {
    const server = connection(options);
    const metadata = modelOptions.read('VALIDATE', options) ? ((await callServer(server, '')) as Metadata) : {};
    const known = metadata.outputs?.map(tensorInfo) ?? [];
    const input = declared.input.length > 0 ? declared.input : derivedColumns((metadata.inputs ?? []).map(tensorInfo));
    const output = declared.output.length > 0 ? declared.output : derivedColumns(known);
    if (input.length === 0 || output.length === 0)
      throw new TypeError('the server does not tell its inputs and outputs: declare INPUT and OUTPUT');
    const inputTensors = tensorsOf(metadata.inputs ?? [], input, modelOptions.read('INPUT_TENSOR', options));
    const outputMap = modelOptions.read('OUTPUT_MAP', options);
    const places = knownPlaces(outputMap, output, known);
    output.forEach((column, i) => {
      const place = places?.[i];
      checkOutput(
        column,
        place ?? { tensor: column.name, index: undefined },
        known.find(({ name }) => name === place?.tensor),
      );
    });
    // Outputs that are not asked for are not sent.
    const wanted = [...new Set(places?.map(({ tensor }) => tensor))].map((name) => ({ name }));
    const outputs = wanted.length === 0 ? '' : `,"outputs":${JSON.stringify(wanted)}`;
    const ask = async (feeds: Readonly<Record<string, Tensor>>, rows: number): Promise<readonly RowAnswer[]> => {
      const body = `{"inputs":[${Object.entries(feeds).map(requestTensor).join(',')}]${outputs}}`;
      const answer = (await callServer(server, '/infer', body)) as Answer | null;
      return asResponse(() => {
        const tensors = responseTensors(answer);
        return unpack(tensors, places ?? outputPlaces(outputMap, output, Object.keys(tensors)), output, rows);
      });
    };
    const isDerived = declared.output.length === 0;
    return {
      input,
      output,
      ...(places === undefined ? { takes: undefined, notes: [] } : describeOutputs(places, output, known, isDerived)),
      withoutNaN: withoutNaN(inputTensors, input),
      score: (rows) => scoreRows(rows, inputTensors, ask),
      check: () => askServer(server, '/ready'),
      close: () => Promise.resolve(),
    };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** The model, or the version of it that MODEL_VERSION names. */
function connection(options: ModelVersion['options']): RemoteServer {
  const server = endpointOf(options).replace(/\/v2(\/models)?$/, '');
  return remoteServer(options, `${server}/v2/models/${modelPath(options, '/versions/')}`);
}

const tensorInfo = ({ name, datatype, shape }: TensorMetadata): TensorInfo => {
  const type = typeOf(datatype);
  if (type === undefined) throw new TypeError(`"${name}" is ${datatype}, which no column can be`);
  return { name, type, shape: shape?.length === 0 ? undefined : shape };
};

/** Where the output columns are, so that the request can name them; undefined when only the answer will tell. */
function knownPlaces(
  map: string | undefined,
  output: readonly ModelColumn[],
  known: readonly TensorInfo[],
): readonly OutputPlace[] | undefined {
  if (known.length > 0)
    return outputPlaces(
      map,
      output,
      known.map(({ name }) => name),
    );
  if (map === undefined) return undefined;
  const tensors = [...parseOutputMap(map, undefined).values()].map(({ tensor }) => tensor);
  return outputPlaces(map, output, tensors);
}

/** The input tensors: one per column, or with INPUT_TENSOR one with all columns. `known` is empty where the server tells none. */
function tensorsOf(
  known: readonly TensorMetadata[],
  input: readonly ModelColumn[],
  packed: string | undefined,
): readonly InputTensor[] {
  const columns = input.map((column, slot) => ({ ...column, slot }));
  const infos = known.map(tensorInfo);
  const untold = (name: string): TensorInfo => ({
    name,
    type: undefined,
    shape: undefined,
  });
  if (packed !== undefined) {
    const info = infos.find(({ name }) => name === packed);
    if (info === undefined && known.length > 0)
      throw new TypeError(
        `INPUT_TENSOR: the model has no input "${packed}", only ${known.map(({ name }) => name).join(', ')}`,
      );
    return [inputTensor(info ?? untold(packed), columns)];
  }
  if (known.length > 0 && known.length !== input.length)
    throw new TypeError(
      `the model has ${known.length} inputs, and INPUT declares ${input.length}; INPUT_TENSOR packs them into one`,
    );
  // A column is sent as the input of its name, otherwise as the input at its position.
  return columns.map((column, slot) => {
    const sameName = infos.find(({ name }) => name.toUpperCase() === column.name.toUpperCase());
    return inputTensor(sameName ?? infos[slot] ?? untold(column.name), [column]);
  });
}

/** A tensor as JSON. 64-bit integers keep all digits; NaN, which JSON does not have, is null, and Infinity a number beyond doubles. */
function requestTensor([name, { type, shape, data }]: [string, Tensor]): string {
  const elements = Array.from(data, (element) =>
    type === 'bool'
      ? String(Boolean(element))
      : typeof element === 'bigint'
        ? String(element)
        : Math.abs(element as number) === Infinity
          ? `${Number(element) < 0 ? '-' : ''}1e999`
          : JSON.stringify(element),
  );
  return `{"name":${JSON.stringify(name)},"shape":[${shape.join()}],"datatype":"${datatypes[type]}","data":[${elements.join()}]}`;
}

function responseTensors(answer: Answer | null): Record<string, Tensor> {
  if (!Array.isArray(answer?.outputs)) throw new TypeError('the answer has no outputs');
  return Object.fromEntries(
    (answer as Required<Answer>).outputs.map(({ name, datatype, shape, data }) => {
      if (!Array.isArray(shape) || !Array.isArray(data))
        throw new TypeError(`output "${name}" has no shape or no data`);
      const elements = (data as readonly unknown[]).flat(Infinity) as (Element | null)[];
      const type = datatype === undefined ? untoldType(elements) : typeOf(datatype);
      if (type === undefined) throw new TypeError(`output "${name}" is ${datatype}, which no column can be`);
      return [name, { type, shape, data: elements }];
    }),
  );
}

/** The type of a tensor whose server does not tell it. */
function untoldType(elements: readonly (Element | null)[]): TensorType {
  const first = elements.find((element) => element !== null);
  return typeof first === 'string' ? 'string' : typeof first === 'boolean' ? 'bool' : 'float64';
}
