import { tensorflowOptions } from '../../../config/provider-options.ts';
import { modelOptions } from '../../../config/model-options.ts';
import type { JsonProtocol } from '../json-provider.ts';
import { fieldIn, listWriter, objectWriter } from '../json-rows.ts';
import { callServer, modelPath } from '../remote.ts';

type Options = Parameters<JsonProtocol['model']>[0];

const pathOf = (options: Options): string => `/v1/models/${modelPath(options, '/versions/')}`;

/** TensorFlow Serving's REST API in its row format, which KServe's first protocol shares. */
export const tensorflowServing: JsonProtocol = {
  isByRow: () => false,
  model(options, { input }) {
    const tensor = modelOptions.read('INPUT_TENSOR', options);
    const list = listWriter(input);
    const row = tensor === undefined ? objectWriter(input) : named(tensor, list);
    const signature = JSON.stringify(tensorflowOptions.read('SIGNATURE_NAME', options));
    return {
      path: `${pathOf(options)}:predict`,
      body: (rows) => `{"signature_name":${signature},"instances":[${rows.map(row).join()}]}`,
      predictions: (answer) => fieldIn(answer, 'predictions') as unknown[],
    };
  },
  async check(server, options) {
    const path = pathOf(options);
    const versions = fieldIn(await callServer(server, path), 'model_version_status');
    const states = Array.isArray(versions) ? versions.map((version) => fieldIn(version, 'state')) : [];
    if (!states.includes('AVAILABLE'))
      throw new TypeError(`${server.url}${path}: no version is AVAILABLE, but ${states.join(', ') || 'none is there'}`);
  },
};

const named =
  (tensor: string, list: ReturnType<typeof listWriter>): ReturnType<typeof listWriter> =>
  (row) =>
    `{${JSON.stringify(tensor)}:${list(row)}}`;
