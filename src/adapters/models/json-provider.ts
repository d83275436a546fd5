import { modelOptions } from '../../config/model-options.ts';
import type { ModelVersion } from '../../types/model.ts';
import type { Row } from '../../types/sql-type.ts';
import { checkOutbound } from '../../util/outbound.ts';
import { predictionReader, withoutNaNInJson } from './json-rows.ts';
import { asResponse, type ModelColumns, type Provider, type ProviderModel } from './provider.ts';
import { callServer, endpointOf, remoteServer, type RemoteServer } from './remote.ts';

type Options = ModelVersion['options'];

/** A model behind a server that takes rows as JSON. */
interface JsonModel {
  /** What follows ENDPOINT in the URL of a scoring call. */
  readonly path: string;
  /** The body of the call for these rows. */
  readonly body: (rows: readonly Row[]) => string;
  /** What an answer has for each row, in order; throws an `Error` for an answer of another form. */
  readonly predictions: (answer: unknown) => readonly unknown[];
}

/** How a kind of server is asked, in JSON. */
export interface JsonProtocol {
  /** Whether a call is of one row. */
  readonly isByRow: (options: Options) => boolean;
  /** Throws an `Error` for options and columns that do not fit. */
  readonly model: (options: Options, columns: ModelColumns) => JsonModel;
  /** Asks whether the model is served; throws when it is not. Undefined where nothing tells. */
  readonly check: ((server: RemoteServer, options: Options) => Promise<unknown>) | undefined;
  /** The address of the server, where that is not only ENDPOINT. */
  readonly endpoint?: (options: Options) => string;
  /** How the server is called, where that is not only by the options of every server. */
  readonly server?: (options: Options) => RemoteServer;
}

/** Throws when an option is given that nothing would obey. */
export function refuseOptions(options: Options, names: readonly string[], why: string): void {
  for (const name of names) if (options[name] !== undefined) throw new TypeError(`${name}: ${why}`);
}

/** Models behind servers that take and give JSON by rows. */
export class JsonProvider implements Provider {
  readonly takesNull = true;
  readonly #protocol: JsonProtocol;

  constructor(protocol: JsonProtocol) {
    this.#protocol = protocol;
  }

  isByRow({ options }: ModelVersion): boolean {
    return this.#protocol.isByRow(options);
  }

  check({ options }: ModelVersion, declared: ModelColumns): void {
    checkOutbound((this.#protocol.endpoint ?? endpointOf)(options));
    this.#protocol.model(options, declared);
    predictionReader(declared.output, modelOptions.read('OUTPUT_MAP', options));
  }

  async load({ options }: ModelVersion, declared: ModelColumns): Promise<ProviderModel> {
    const { input, output } = declared;
    if (input.length === 0 || output.length === 0)
      throw new TypeError('the server does not tell its inputs and outputs: declare INPUT and OUTPUT');
    const server = this.#protocol.server?.(options) ?? remoteServer(options, endpointOf(options));
    const { path, body, predictions } = this.#protocol.model(options, declared);
    const read = predictionReader(output, modelOptions.read('OUTPUT_MAP', options));
    const { check } = this.#protocol;
    if (modelOptions.read('VALIDATE', options)) await check?.(server, options);
    return {
      input,
      output,
      takes: undefined,
      notes: [],
      withoutNaN: withoutNaNInJson(input),
      score: async (rows) => {
        const answer = await callServer(server, path, body(rows));
        return asResponse(() => {
          const found = predictions(answer);
          if (!Array.isArray(found)) throw new TypeError('the answer has no list of predictions');
          if (found.length !== rows.length)
            throw new TypeError(`the answer has ${found.length} predictions for ${rows.length} rows`);
          return found.map(read);
        });
      },
      ...(check === undefined ? {} : { check: () => check(server, options) }),
      close: () => Promise.resolve(),
    };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
