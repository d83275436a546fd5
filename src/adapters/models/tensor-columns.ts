import { modelOptions } from '../../config/model-options.ts';
import type { ModelVersion } from '../../types/model.ts';
import { checkOutput, parseOutputMap } from './outputs.ts';
import type { ModelColumns } from './provider.ts';
import { inputTensor, type TensorInfo } from './tensors.ts';

/** Refuses columns that no tensor carries. */
export function checkTensorColumns({ input, output }: ModelColumns, options: ModelVersion['options']): void {
  const info = (name: string): TensorInfo => ({
    name,
    type: undefined,
    shape: undefined,
  });
  const columns = input.map((column, slot) => ({ ...column, slot }));
  const packed = modelOptions.read('INPUT_TENSOR', options);
  if (packed === undefined) for (const column of columns) inputTensor(info(column.name), [column]);
  else inputTensor(info(packed), columns);
  const map = parseOutputMap(modelOptions.read('OUTPUT_MAP', options), undefined);
  for (const column of output)
    checkOutput(
      column,
      map.get(column.name.toUpperCase()) ?? {
        tensor: column.name,
        index: undefined,
      },
      undefined,
    );
}
