import { modelOptions } from '../../config/model-options.ts';
import { oipOptions } from '../../config/provider-options.ts';
import type { ModelColumn, ModelVersion } from '../../types/model.ts';
import { checkOutbound } from '../../util/outbound.ts';
import { answeredTensors, binaryRequest } from './oip-binary.ts';
import { jsonRequest } from './oip-json.ts';
import { typeOf } from './oip-tensors.ts';
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
import {
  askServer,
  callServer,
  endpointOf,
  exchange,
  modelPath,
  remoteServer,
  type CallBody,
  type RemoteServer,
} from './remote.ts';
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
    const wanted = [...new Set(places?.map(({ tensor }) => tensor))];
    const isBinary = oipOptions.read('BINARY', options);
    const bodyOf = (feeds: Readonly<Record<string, Tensor>>): CallBody =>
      isBinary ? binaryRequest(feeds, wanted) : { bytes: jsonRequest(feeds, wanted), headers: {} };
    const ask = async (feeds: Readonly<Record<string, Tensor>>, rows: number): Promise<readonly RowAnswer[]> => {
      const { bytes, headers } = await exchange(server, '/infer', bodyOf(feeds));
      return asResponse(() => {
        const tensors = answeredTensors(bytes, headers);
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
