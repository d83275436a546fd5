import { datatypeOf, typeOf, type AnsweredTensor } from './oip-tensors.ts';
import type { Element, TensorType } from './elements.ts';
import type { Tensor } from './tensors.ts';

/** The body of a call. `outputs` are the names of those that are wanted; empty for all. */
export function jsonRequest(feeds: Readonly<Record<string, Tensor>>, outputs: readonly string[]): string {
  const wanted = outputs.length === 0 ? '' : `,"outputs":${JSON.stringify(outputs.map((name) => ({ name })))}`;
  return `{"inputs":[${Object.entries(feeds).map(requestTensor).join(',')}]${wanted}}`;
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
  return `{"name":${JSON.stringify(name)},"shape":[${shape.join()}],"datatype":"${datatypeOf(type)}","data":[${elements.join()}]}`;
}

/** A tensor of an answer whose data is JSON. */
export function jsonTensor({ name, datatype, shape, data }: AnsweredTensor): Tensor {
  if (!Array.isArray(shape) || !Array.isArray(data)) throw new TypeError(`output "${name}" has no shape or no data`);
  const elements = (data as readonly unknown[]).flat(Infinity) as (Element | null)[];
  const type = datatype === undefined ? untoldType(elements) : typeOf(datatype);
  if (type === undefined) throw new TypeError(`output "${name}" is ${datatype}, which no column can be`);
  return { type, shape: shape as readonly number[], data: elements };
}

/** The type of a tensor whose server does not tell it. */
function untoldType(elements: readonly (Element | null)[]): TensorType {
  const first = elements.find((element) => element !== null);
  return typeof first === 'string' ? 'string' : typeof first === 'boolean' ? 'bool' : 'float64';
}
