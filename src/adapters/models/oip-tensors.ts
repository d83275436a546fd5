import { tensorTypes, type TensorType } from './elements.ts';

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

/** The protocol's name of a type. */
export const datatypeOf = (type: TensorType): string => datatypes[type];
/** The type that the protocol names so; undefined for one that no column can be. */
export const typeOf = (datatype: string | undefined): TensorType | undefined =>
  tensorTypes.find((type) => datatypes[type] === datatype);

/** A tensor of an answer, as a server writes it: with its data, or with the number of its bytes behind the JSON. */
export interface AnsweredTensor {
  readonly name: string;
  readonly datatype?: string;
  readonly shape?: unknown;
  readonly data?: unknown;
  readonly parameters?: { readonly binary_data_size?: unknown } | null;
}
