import type { OptionTable } from './option.ts';
import { duration, label, oneOf, option, optionTable, text, whole, type Option, type Values } from './option.ts';

const same = <T>(value: T): T => value;

const jsonObject = (value: string): string | undefined => {
  try {
    const json: unknown = JSON.parse(value);
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return undefined;
  } catch {
    // Said below.
  }
  return 'it must be a JSON object with values for the outputs';
};

const onError = oneOf('FAIL', 'NULL', 'DEFAULT', 'DLQ');

/** What a model's version may say, whatever serves it. */
export const modelOptions = optionTable(
  option({
    name: 'PROVIDER',
    type: oneOf('ONNX', 'OIP-V2', 'TRITON'),
    default: undefined,
    doc: 'What serves the model: ONNX Runtime in the node, or a server of the Open Inference Protocol v2 (triton is one)',
    read: same,
  }),
  option({
    name: 'INPUT_TENSOR',
    type: text,
    default: undefined,
    doc: 'Packs the INPUT columns into one tensor of this name; without it each is a tensor',
    read: same,
  }),
  option({
    name: 'OUTPUT_MAP',
    type: text,
    default: undefined,
    doc: "What tensors the OUTPUT columns are, such as 'is_fraud=label,score=probabilities[1]'",
    read: same,
  }),
  option({
    name: 'DEADLINE',
    type: duration('50 MILLISECONDS'),
    default: undefined,
    doc: 'How long all attempts for a row may take together',
    read: same,
  }),
  option({
    name: 'MAX_RETRIES',
    type: whole(0),
    default: '0',
    doc: 'How often a call is repeated that failed by time, network or the server',
    read: same,
  }),
  option({
    name: 'RETRY_INITIAL_BACKOFF',
    type: duration('100 MILLISECONDS'),
    default: '100 MILLISECONDS',
    doc: 'How long the first repetition waits; each further one twice as long',
    read: same,
  }),
  option({
    name: 'RETRY_MAX_BACKOFF',
    type: duration('30 SECONDS'),
    default: '30 SECONDS',
    doc: 'How long a repetition waits at most',
    read: same,
  }),
  option({
    name: 'MAX_BATCH_SIZE',
    type: whole(1),
    default: '256',
    doc: 'How many rows one call scores at most',
    read: same,
  }),
  option({
    name: 'MAX_BATCH_DELAY',
    type: duration('5 MILLISECONDS'),
    default: '0 MILLISECONDS',
    doc: 'How long rows wait for those of other queries and partitions, to be scored in one call',
    read: same,
  }),
  option({
    name: 'ON_ERROR',
    type: onError,
    default: 'FAIL',
    doc: 'What becomes of a row that cannot be scored: the query stops, the outputs are null or DEFAULT_VALUE, or the row goes to the dead letters',
    read: same,
  }),
  option({
    name: 'DEFAULT_VALUE',
    type: text,
    default: '{}',
    doc: "The outputs of ON_ERROR='DEFAULT', as a JSON object",
    validate: jsonObject,
    read: same,
  }),
  option({
    name: 'ON_NULL_INPUT',
    type: oneOf('RETURN_NULL', 'NAN', 'FAIL'),
    default: 'RETURN_NULL',
    doc: 'What becomes of a row with a null among its inputs: null outputs without a call, NaN in its place, or an error',
    read: same,
  }),
  option({
    name: 'VALIDATE',
    type: oneOf('ON', 'OFF'),
    default: 'ON',
    doc: 'Whether the model is loaded and looked at when it is created',
    read: (value) => value === 'ON',
  }),
);

const onnx = optionTable(
  option({ name: 'PATH', type: text, default: undefined, doc: 'The ONNX file', read: same }),
  option({
    name: 'INTRA_OP_THREADS',
    type: whole(1),
    default: '1',
    doc: 'Threads that one call may use',
    read: same,
  }),
  option({
    name: 'WORKERS',
    type: whole(1),
    default: '1',
    doc: 'Worker threads of the node that run models',
    read: same,
  }),
);
const oip = optionTable(
  option({
    name: 'ENDPOINT',
    type: text,
    default: undefined,
    doc: 'The address of the server',
    read: same,
  }),
  option({ name: 'MODEL_NAME', type: text, default: undefined, doc: 'The name of the model there', read: same }),
  option({
    name: 'MODEL_VERSION',
    type: label,
    default: undefined,
    doc: 'The version there; without it the one that the server chooses',
    read: same,
  }),
  option({
    name: 'TIMEOUT',
    type: duration('5 SECONDS'),
    default: '5 SECONDS',
    doc: 'How long one call may take',
    read: same,
  }),
  option({
    name: 'AUTH_TOKEN',
    type: text,
    default: undefined,
    doc: "A bearer token: 'env:NAME' or 'file:/path', so that no statement holds it",
    read: same,
    secret: true,
  }),
);

export type ProviderName = NonNullable<Values<(typeof modelOptions)['options'][number]>['PROVIDER']>;
interface ProviderOptions<O extends Option = Option> {
  /** Its own options. */
  readonly own: OptionTable<O>;
  readonly needed: readonly O['name'][];
  /** What to look at when a model cannot be served. */
  readonly hint: string;
}
const providerOf = <O extends Option>(provider: ProviderOptions<O>): ProviderOptions<O> => provider;
const server = providerOf({
  own: oip,
  needed: ['ENDPOINT', 'MODEL_NAME'],
  hint: "Check ENDPOINT and MODEL_NAME, or use VALIDATE='OFF' to create it before its server is up.",
});

/** What each provider's versions may say besides. */
export const providers = {
  ONNX: providerOf({
    own: onnx,
    needed: ['PATH'],
    hint: 'Check PATH, INPUT_TENSOR and OUTPUT_MAP, or export the model without ZipMap.',
  }),
  'OIP-V2': server,
  TRITON: server,
} satisfies { readonly [P in ProviderName]: unknown };
export const onnxOptions = onnx;
export const oipOptions = oip;

/** What stands in WITH of INVOKE MODEL. */
export const invokeOptions = optionTable(
  option({
    name: 'ON_ERROR',
    type: onError,
    default: undefined,
    doc: "What becomes of a row that cannot be scored, in place of the model's own",
    read: same,
  }),
);

/** Whether a model's option is never shown. */
export const isSecretOption = (name: string): boolean =>
  Object.values(providers).some(({ own }) => own.find(name)?.secret === true);
