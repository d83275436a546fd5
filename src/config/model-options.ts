import { duration, number, oneOf, option, optionTable, Refused, text, whole, type OptionType } from './option.ts';

const same = <T>(value: T): T => value;
const upperCase = (value: string | undefined): string | undefined => value?.toUpperCase();

const jsonObject = (value: string): string | undefined => {
  try {
    const json: unknown = JSON.parse(value);
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return undefined;
  } catch {
    // Not valid JSON: the error below says so.
  }
  return 'it must be a JSON object with values for the outputs';
};

/** The providers that users' modules do not define. */
export const builtInProviders = [
  'ONNX',
  'OIP-V2',
  'TRITON',
  'TENSORFLOW-SERVING',
  'MLFLOW',
  'TORCHSERVE',
  'SAGEMAKER',
  'OPENAI',
  'HTTP',
] as const;
export type ProviderName = (typeof builtInProviders)[number];

/** The name of a provider; which names there are depends on the modules that are loaded. */
const provider: OptionType<string> = {
  name: `${builtInProviders.join(', ')}, or one of your own`,
  parse: (given) => (typeof given === 'string' ? given.trim().toUpperCase() : new Refused('it must be a string')),
};

const onError = oneOf('FAIL', 'NULL', 'DEFAULT', 'DLQ');

/** Options of a model's version that do not depend on its provider. */
export const modelOptions = optionTable(
  option({
    name: 'PROVIDER',
    type: provider,
    default: undefined,
    doc: 'What serves the model: ONNX Runtime in the node, or a server: of the Open Inference Protocol v2 (triton is one), TensorFlow Serving, the scoring server of MLflow, TorchServe, an endpoint of SageMaker, one with the API of OpenAI, or any that takes and gives JSON (http); or a provider that a module of `ksql.extension.dir` defines',
    read: same,
  }),
  option({
    name: 'INPUT_TENSOR',
    type: text,
    default: undefined,
    doc: 'Packs the INPUT columns, of which one may be an ARRAY, into one tensor of this name (in JSON: one list); without it each is one by its name',
    read: same,
  }),
  option({
    name: 'OUTPUT_MAP',
    type: text,
    default: undefined,
    doc: "What tensors or fields the OUTPUT columns are, such as 'is_fraud=label,score=probabilities[1]'; an ARRAY is a whole one",
    read: same,
  }),
  option({
    name: 'PREPROCESS',
    type: text,
    default: undefined,
    doc: "The transform, of a module of `ksql.extension.dir`, that makes the model's inputs of the INPUT columns",
    read: upperCase,
  }),
  option({
    name: 'POSTPROCESS',
    type: text,
    default: undefined,
    doc: "The transform, of a module of `ksql.extension.dir`, that makes the OUTPUT columns of the model's outputs",
    read: upperCase,
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
    default: undefined,
    doc: 'How many rows one call scores at most; without it 256, and of ONNX up to 2048 while that takes less than 4 milliseconds',
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
    name: 'MAX_IN_FLIGHT',
    type: whole(1),
    default: '4',
    doc: 'How many calls of a node thread run at once; others wait',
    read: same,
  }),
  option({
    name: 'OUTPUT_MODE',
    type: oneOf('ORDERED', 'UNORDERED'),
    default: 'ORDERED',
    doc: 'Whether rows leave a persistent query in the order in which they came, or each when it is answered, in order only by what ROUTE BY or the key says',
    read: same,
  }),
  option({
    name: 'CACHE_SIZE',
    type: whole(0),
    default: '0',
    doc: 'For so many different inputs the answers are kept, and given again without a call; for models that give one answer for one input',
    read: same,
  }),
  option({
    name: 'CACHE_TTL',
    type: duration('10 MINUTES'),
    default: undefined,
    doc: 'How long an answer is kept; without it until others take its place',
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
    type: oneOf('RETURN_NULL', 'NAN', 'SEND', 'FAIL'),
    default: 'RETURN_NULL',
    doc: 'What becomes of a row with a null among its inputs: null outputs without a call, NaN in its place, a null where JSON is sent, or an error',
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

const ofCalls = [
  'DEADLINE',
  'MAX_RETRIES',
  'RETRY_INITIAL_BACKOFF',
  'RETRY_MAX_BACKOFF',
  'MAX_BATCH_SIZE',
  'MAX_BATCH_DELAY',
  'MAX_IN_FLIGHT',
  'OUTPUT_MODE',
  'ON_ERROR',
  'DEFAULT_VALUE',
  'ON_NULL_INPUT',
] as const;
type OfModel = (typeof modelOptions)['options'][number];

/** Options in the WITH clause of INVOKE MODEL, in place of the model's own: those of how it is called, not of what it is. */
export const invokeOptions = optionTable<readonly Extract<OfModel, { readonly name: (typeof ofCalls)[number] }>[]>(
  ...modelOptions.options.filter((option) => isOfCalls(option)),
);

function isOfCalls(option: OfModel): option is Extract<OfModel, { readonly name: (typeof ofCalls)[number] }> {
  return (ofCalls as readonly string[]).includes(option.name);
}

/** Options of ML_EVALUATE in FROM, beside those of the calls. */
export const evaluationOptions = optionTable(
  option({
    name: 'SCORE',
    type: text,
    default: undefined,
    doc: "The model's output that is compared with the label; without it the only one, or the only DOUBLE",
    read: upperCase,
  }),
  option({
    name: 'THRESHOLD',
    type: number(0, 1),
    default: '0.5',
    doc: 'From which score on a row counts as true',
    read: same,
  }),
);
