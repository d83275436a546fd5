import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ProviderName } from '../../src/config/model-options.ts';
import type { ModelColumn } from '../../src/types/model.ts';
import { array, DOUBLE, STRING, type Row, type Value } from '../../src/types/sql-type.ts';

/** What a server answers for one row: JSON, as it stands in the text. */
export type Score = string;

/** How one kind of server is asked and answers, in the shapes that real ones were seen to have. */
export interface Dialect {
  readonly name: string;
  readonly options: Readonly<Record<string, string>>;
  readonly input: ModelColumn;
  readonly output: ModelColumn;
  readonly row: (x: number) => Row;
  /** The output of a row that the server gave this number. */
  readonly value: (score: number) => Value;
  readonly isByRow: boolean;
  /** The inputs of a request; `bytes` and `jsonLength` for one that is not JSON alone. */
  readonly read: (body: string, bytes: Buffer, jsonLength: number) => number[];
  readonly write: (scores: readonly Score[]) => string | BinaryAnswer;
  /** Options that send the secret `token`, and the headers that it is seen in; without it those of every server. */
  readonly secret?: {
    readonly options: Readonly<Record<string, string>>;
    readonly headers: Readonly<Record<string, string>>;
  };
}
/** An answer of JSON with bytes behind it. */
interface BinaryAnswer {
  readonly json: string;
  readonly bytes: Buffer;
}

const x: ModelColumn = { name: 'X', type: DOUBLE };
const y: ModelColumn = { name: 'Y', type: DOUBLE };
const numbers = { input: x, output: y, row: (each: number): Row => [each], value: (score: number): Value => score };
const list = (scores: readonly Score[]): string => `[${scores.join()}]`;
const at = (json: unknown, ...path: readonly (string | number)[]): never =>
  path.reduce((value, step) => (value as Record<string, unknown>)[step], json) as never;

const oip: Omit<Dialect, 'name'> = {
  ...numbers,
  options: { MODEL_NAME: 'm' },
  isByRow: false,
  read: (body) => at(JSON.parse(body), 'inputs', 0, 'data'),
  write: (scores) => `{"outputs":[{"name":"Y","datatype":"FP64","shape":[${scores.length}],"data":${list(scores)}}]}`,
};
/** The binary data extension of the protocol, in which tensors of 64-bit floats follow the JSON. */
const binary: Dialect = {
  ...oip,
  name: 'tensors as bytes',
  options: { MODEL_NAME: 'm', BINARY: 'true' },
  read: (_, bytes, jsonLength) => {
    const size = at(JSON.parse(bytes.toString('utf8', 0, jsonLength)), 'inputs', 0, 'parameters', 'binary_data_size');
    return Array.from({ length: size / 8 }, (_, i) => bytes.readDoubleLE(jsonLength + i * 8));
  },
  write: (scores) => {
    // What is no number has no bytes: a server may answer in JSON.
    if (scores.some((score) => Number.isNaN(Number(score)) && score !== 'NaN')) return oip.write(scores);
    if (scores.includes('null')) return oip.write(scores);
    const bytes = Buffer.alloc(scores.length * 8);
    scores.forEach((score, i) => bytes.writeDoubleLE(Number(score), i * 8));
    const parameters = { binary_data_size: bytes.length };
    const outputs = [{ name: 'Y', datatype: 'FP64', shape: [scores.length], parameters }];
    return { json: JSON.stringify({ outputs }), bytes };
  },
};
const openai = { options: { MODEL_NAME: 'm' } };

/** A provider without a server does not compile. That in the node has none. */
export const dialects: { readonly [P in Exclude<ProviderName, 'ONNX'>]: readonly Dialect[] } = {
  'OIP-V2': [{ ...oip, name: 'tensors' }, binary],
  TRITON: [{ ...oip, name: 'tensors' }],
  'TENSORFLOW-SERVING': [
    {
      ...numbers,
      name: 'objects',
      options: { MODEL_NAME: 'm' },
      isByRow: false,
      read: (body) => (at(JSON.parse(body), 'instances') as { X: number }[]).map(({ X }) => X),
      write: (scores) => `{"predictions":${list(scores)}}`,
    },
    {
      ...numbers,
      name: 'one tensor',
      options: { MODEL_NAME: 'm', MODEL_VERSION: '3', INPUT_TENSOR: 'x' },
      isByRow: false,
      read: (body) => (at(JSON.parse(body), 'instances') as { x: [number] }[]).map(({ x: [each] }) => each),
      write: (scores) => `{"predictions":${list(scores.map((score) => `[${score}]`))}}`,
    },
  ],
  MLFLOW: [
    {
      ...numbers,
      name: 'a frame',
      options: {},
      isByRow: false,
      read: (body) => (at(JSON.parse(body), 'dataframe_split', 'data') as [number][]).map(([each]) => each),
      write: (scores) => `{"predictions":${list(scores)}}`,
    },
    {
      ...numbers,
      name: 'a matrix, answered in records',
      options: { INPUT_TENSOR: 'x' },
      isByRow: false,
      read: (body) => (at(JSON.parse(body), 'inputs') as [number][]).map(([each]) => each),
      write: (scores) => `{"predictions":${list(scores.map((score) => `{"y":${score}}`))}}`,
    },
  ],
  TORCHSERVE: [
    {
      ...numbers,
      name: 'an envelope',
      options: { MODEL_NAME: 'm' },
      isByRow: false,
      read: (body) => (at(JSON.parse(body), 'instances') as { X: number }[]).map(({ X }) => X),
      write: (scores) => `{"predictions":${list(scores)}}`,
    },
    {
      ...numbers,
      name: 'a list',
      options: { MODEL_NAME: 'm', MODEL_VERSION: '2', INPUT_TENSOR: 'x' },
      isByRow: false,
      read: (body) => (at(JSON.parse(body), 'instances') as [number][]).map(([each]) => each),
      write: list,
    },
  ],
  SAGEMAKER: [
    {
      ...numbers,
      name: 'signed lists',
      options: {
        MODEL_NAME: 'm',
        REGION: 'eu-central-1',
        ACCESS_KEY_ID: 'secret:token',
        SECRET_ACCESS_KEY: 'secret:token',
        REQUEST_TEMPLATE: '{"instances":{{values}}}',
      },
      isByRow: false,
      read: (body) => (at(JSON.parse(body), 'instances') as [number][]).map(([each]) => each),
      write: (scores) => `{"predictions":${list(scores)}}`,
    },
  ],
  HTTP: [
    {
      ...numbers,
      name: 'objects',
      options: {},
      isByRow: false,
      read: (body) => (at(JSON.parse(body), 'instances') as { X: number }[]).map(({ X }) => X),
      write: (scores) => `{"predictions":${list(scores)}}`,
    },
    {
      ...numbers,
      name: 'a row a call',
      options: { REQUEST_TEMPLATE: '{"text":"x is {{x}}","x":{{x}}}', RESPONSE_PATH: '$.result[0].score' },
      isByRow: true,
      read: (body) => [at(JSON.parse(body), 'x')],
      write: ([score]) => `{"result":[{"score":${score}}]}`,
    },
  ],
  OPENAI: [
    {
      ...numbers,
      ...openai,
      name: 'chat/completions',
      isByRow: true,
      read: (body) => [Number(at(JSON.parse(body), 'messages', 0, 'content'))],
      write: ([score]) =>
        JSON.stringify({
          choices: score === undefined ? [] : [{ finish_reason: 'stop', message: { content: `{"Y":${score}}` } }],
        }),
    },
    {
      ...openai,
      name: 'embeddings',
      input: { name: 'X', type: STRING },
      output: { name: 'Y', type: array(DOUBLE) },
      row: (each) => [String(each)],
      value: (score) => [score],
      isByRow: false,
      read: (body) => (at(JSON.parse(body), 'input') as string[]).map(Number),
      // Not in the order of the rows, which is allowed.
      write: (scores) =>
        `{"data":[${scores
          .map((score, index) => `{"index":${index},"embedding":[${score}]}`)
          .reverse()
          .join()}]}`,
    },
  ],
};

/** The server of the provider that examples/own-models defines. */
export const userDialect: Dialect = {
  ...numbers,
  name: 'lines',
  options: {},
  isByRow: false,
  read: (body) => body.split('\n').map(Number),
  write: (scores) => scores.join('\n'),
  secret: { options: { TOKEN: 'secret:token' }, headers: { authorization: 'Bearer canary' } },
};

/** A server that answers as a test says. */
export class ModelServer {
  readonly #server: Server;
  /** Takes over; without it every row is scored by `scoreOf`. */
  fault: ((request: { readonly inputs: readonly number[] }, response: ServerResponse) => boolean) | undefined;
  scoreOf: (input: number) => Score = (input) => String(input * 2);
  /** Turns the scores of a call into what is answered. */
  answers: (scores: readonly Score[]) => readonly Score[] = (scores) => scores;
  readonly sizes: number[] = [];
  readonly bodies: string[] = [];
  readonly headers: IncomingMessage['headers'][] = [];
  inFlight = 0;
  mostInFlight = 0;

  private constructor(dialect: Dialect) {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        this.mostInFlight = Math.max(this.mostInFlight, ++this.inFlight);
        response.on('close', () => this.inFlight--);
        const bytes = Buffer.concat(chunks);
        const body = bytes.toString();
        this.headers.push(request.headers);
        this.bodies.push(body);
        const inputs = dialect.read(body, bytes, Number(request.headers['inference-header-content-length']));
        this.sizes.push(inputs.length);
        if (this.fault?.({ inputs }, response) === true) return;
        const answer = dialect.write(this.answers(inputs.map(this.scoreOf)));
        if (typeof answer !== 'string')
          response.setHeader('Inference-Header-Content-Length', Buffer.byteLength(answer.json));
        response.end(typeof answer === 'string' ? answer : Buffer.concat([Buffer.from(answer.json), answer.bytes]));
      });
    });
  }

  static async open(dialect: Dialect): Promise<ModelServer> {
    const server = new ModelServer(dialect);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }
  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }
  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}
