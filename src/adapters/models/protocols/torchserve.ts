import { modelOptions } from '../../../config/model-options.ts';
import type { JsonProtocol } from '../json-provider.ts';
import { fieldIn, listWriter, objectWriter } from '../json-rows.ts';
import { askServer, modelPath } from '../remote.ts';

/** TorchServe with `service_envelope=json`, or a handler that takes instances; it may answer with a list alone. */
export const torchserve: JsonProtocol = {
  isByRow: () => false,
  model(options, { input }) {
    const row = modelOptions.read('INPUT_TENSOR', options) === undefined ? objectWriter(input) : listWriter(input);
    return {
      path: `/predictions/${modelPath(options, '/')}`,
      body: (rows) => `{"instances":[${rows.map(row).join()}]}`,
      predictions: (answer) => (Array.isArray(answer) ? answer : fieldIn(answer, 'predictions')) as unknown[],
    };
  },
  check: (server) => askServer(server, '/ping'),
};
