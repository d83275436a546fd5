import { readFileSync } from 'node:fs';
import { modelOptions, oipOptions } from '../../config/model-options.ts';
import type { ModelColumn, ModelVersion } from '../../types/model.ts';
import { BIGINT, BOOLEAN, DOUBLE, INTEGER, STRING, type SqlType, type Value, type Row } from '../../types/sql-type.ts';
import { ScoringError, type Provider, type ProviderModel } from './provider.ts';
import { columnTensorType, outputPlaces, pack, unpack, type Tensor, type TensorType } from './tensors.ts';

interface Metadata {
  readonly inputs?: readonly { readonly name: string; readonly datatype: string; readonly shape: readonly number[] }[];
  readonly outputs?: readonly { readonly name: string; readonly datatype: string; readonly shape: readonly number[] }[];
}
interface Answer {
  readonly outputs?: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly data: readonly unknown[];
  }[];
}

const datatypes: Record<TensorType, string> = {
  float32: 'FP32',
  float64: 'FP64',
  int32: 'INT32',
  int64: 'INT64',
  bool: 'BOOL',
  string: 'BYTES',
};
const sqlTypes: Record<string, SqlType> = {
  FP32: DOUBLE,
  FP64: DOUBLE,
  FP16: DOUBLE,
  INT64: BIGINT,
  INT32: INTEGER,
  INT16: INTEGER,
  INT8: INTEGER,
  BOOL: BOOLEAN,
  BYTES: STRING,
};

/** A secret given as `env:NAME` or `file:/path`, so that no statement holds it. */
function secret(reference: string | undefined): string | undefined {
  if (reference?.startsWith('env:') === true) return process.env[reference.slice(4)];
  return reference?.startsWith('file:') === true ? readFileSync(reference.slice(5), 'utf8').trim() : reference;
}

/** Models behind the Open Inference Protocol, version 2, over HTTP. */
export class OipProvider implements Provider {
  async load(
    _name: string,
    { options }: ModelVersion,
    declared: { input: readonly ModelColumn[]; output: readonly ModelColumn[] },
  ): Promise<ProviderModel> {
    const wanted = oipOptions.read('MODEL_VERSION', options);
    const version = wanted === undefined ? '' : `/versions/${encodeURIComponent(wanted)}`;
    const base = `${oipOptions
      .read('ENDPOINT', options)!
      .replace(/\/+$/, '')
      .replace(
        /\/v2(\/models)?$/,
        '',
      )}/v2/models/${encodeURIComponent(oipOptions.read('MODEL_NAME', options)!)}${version}`;
    const token = secret(oipOptions.read('AUTH_TOKEN', options));
    const headers = {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
    const timeout = oipOptions.read('TIMEOUT', options);
    const metadata = modelOptions.read('VALIDATE', options)
      ? ((await call(base, { headers }, timeout)) as Metadata)
      : {};
    const columns = (list: Metadata['inputs']): ModelColumn[] =>
      (list ?? []).map(({ name, datatype }) => ({ name: name.toUpperCase(), type: sqlTypes[datatype] ?? DOUBLE }));
    const input = declared.input.length > 0 ? declared.input : columns(metadata.inputs);
    const output = declared.output.length > 0 ? declared.output : columns(metadata.outputs);
    if (input.length === 0 || output.length === 0)
      throw new TypeError('the server does not tell its inputs and outputs: declare INPUT and OUTPUT');
    const packed = modelOptions.read('INPUT_TENSOR', options);
    const known = metadata.inputs ?? [];
    if (packed !== undefined && known.length > 0 && !known.some(({ name }) => name === packed))
      throw new TypeError(
        `INPUT_TENSOR: the model has no input "${packed}", only ${known.map(({ name }) => name).join(', ')}`,
      );
    if (packed === undefined && known.length > 0 && known.length !== input.length)
      throw new TypeError(
        `the model has ${known.length} inputs, and INPUT declares ${input.length}; INPUT_TENSOR packs them into one`,
      );
    const typeOf = (name: string, otherwise: TensorType): TensorType => {
      const datatype = known.find((each) => each.name === name)?.datatype;
      return (Object.keys(datatypes) as TensorType[]).find((each) => datatypes[each] === datatype) ?? otherwise;
    };
    const tensors = (rows: readonly Row[]): { name: string; tensor: Tensor }[] => {
      if (packed !== undefined)
        return [
          {
            name: packed,
            tensor: pack(
              rows,
              input.map((_, i) => i),
              typeOf(packed, 'float32'),
            ),
          },
        ];
      return input.map((column, slot) => {
        const name =
          known.find((each) => each.name.toUpperCase() === column.name.toUpperCase())?.name ??
          known[slot]?.name ??
          column.name;
        return { name, tensor: pack(rows, [slot], typeOf(name, columnTensorType(column))) };
      });
    };
    const score = async (rows: readonly Row[]): Promise<readonly (readonly Value[])[]> => {
      const inputs = tensors(rows).map(({ name, tensor }) => ({
        name,
        shape: tensor.shape,
        datatype: datatypes[tensor.type],
        data: Array.from(tensor.data, jsonNumber),
      }));
      const answer = (await call(
        `${base}/infer`,
        { method: 'POST', headers, body: JSON.stringify({ inputs }) },
        timeout,
      )) as Answer;
      const found = Object.fromEntries(
        (answer.outputs ?? []).map(({ name, shape, data }) => [
          name,
          { type: 'float64' as const, shape, data: data.flat(5) as number[] },
        ]),
      );
      try {
        return unpack(
          found,
          outputPlaces(modelOptions.read('OUTPUT_MAP', options), output, Object.keys(found)),
          output,
          rows.length,
        );
      } catch (error) {
        throw new ScoringError('BAD_RESPONSE', (error as Error).message);
      }
    };
    return { input, output, score };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const jsonNumber = (value: unknown): unknown =>
  typeof value === 'bigint' ? Number(value) : typeof value === 'number' && Number.isNaN(value) ? null : value;

/** One HTTP call; failures are classed, and an error body need not be JSON. */
async function call(url: string, init: RequestInit, timeoutMs: number): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(url, { ...init, signal: AbortSignal.timeout(timeoutMs) });
  } catch (error) {
    const timedOut = (error as Error).name === 'TimeoutError';
    throw new ScoringError(
      timedOut ? 'TIMEOUT' : 'NETWORK',
      `${url}: ${timedOut ? `no answer in ${timeoutMs} ms` : (((error as Error).cause as Error | undefined)?.message ?? (error as Error).message)}`,
    );
  }
  const text = await response.text();
  if (response.status === 429 || response.status >= 500)
    throw new ScoringError('HTTP_5XX', `${url}: ${response.status} ${text.slice(0, 200)}`);
  if (response.status >= 400) throw new ScoringError('HTTP_4XX', `${url}: ${response.status} ${text.slice(0, 200)}`);
  try {
    // Servers may write bare NaN and Infinity, which JSON does not have.
    return JSON.parse(text.replace(/(?<=[[,:\s])(-?Infinity|NaN)(?=[\],}\s])/g, 'null'));
  } catch {
    throw new ScoringError('BAD_RESPONSE', `${url}: the answer is not JSON`);
  }
}
