import { modelOptions } from '../../../config/model-options.ts';
import type { JsonProtocol } from '../json-provider.ts';
import { cellsWriter, fieldIn, listWriter } from '../json-rows.ts';
import { askServer } from '../remote.ts';

/** MLflow's scoring server: a frame with the names of the columns, or with INPUT_TENSOR a matrix. */
export const mlflow: JsonProtocol = {
  isByRow: () => false,
  model(options, { input }) {
    const isMatrix = modelOptions.read('INPUT_TENSOR', options) !== undefined;
    const row = isMatrix ? listWriter(input) : cellsWriter(input);
    const columns = JSON.stringify(input.map(({ name }) => name));
    return {
      path: '/invocations',
      body(rows) {
        const data = `[${rows.map(row).join()}]`;
        return isMatrix ? `{"inputs":${data}}` : `{"dataframe_split":{"columns":${columns},"data":${data}}}`;
      },
      predictions: (answer) => fieldIn(answer, 'predictions') as unknown[],
    };
  },
  check: (server) => askServer(server, '/ping'),
};
