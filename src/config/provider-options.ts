import { isSecretKey, isSecretName } from '../util/secrets.ts';
import { whyNoModelPath } from '../util/model-path.ts';
import { invokeOptions, type ProviderName } from './model-options.ts';
import type { OptionTable } from './option.ts';
import { bool, duration, label, number, option, optionTable, text, whole, type Option } from './option.ts';

const same = <T>(value: T): T => value;

/** Options of models in the node. */
export const onnxOptions = optionTable(
  option({
    name: 'PATH',
    type: text,
    default: undefined,
    doc: "The ONNX file: of the node, 's3://bucket/model.onnx', or of MLflow's registry 'models:/name/version' or 'models:/name@alias'",
    validate: whyNoModelPath,
    read: same,
  }),
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

const notListed = "it must be 'secret:name', of the settings millrace.secrets.name";
/** Why a value is no reference to a secret; undefined when it is one. */
export const secretOnly = (value: string): string | undefined => (isSecretName(value) ? undefined : notListed);

/** Headers that the client writes itself. */
const reservedHeaders = ['host', 'content-length', 'transfer-encoding', 'connection', 'upgrade'];

/** The headers that an option's JSON names; undefined when it is none. */
function headersIn(value: string): Record<string, string> | undefined {
  try {
    const json: unknown = JSON.parse(value);
    const isObject = typeof json === 'object' && json !== null && !Array.isArray(json);
    return isObject && Object.values(json).every((each) => typeof each === 'string')
      ? (json as Record<string, string>)
      : undefined;
  } catch {
    return undefined;
  }
}
function checkHeaders(value: string): string | undefined {
  const headers = headersIn(value);
  if (headers === undefined) return 'it must be a JSON object with texts';
  for (const [name, content] of Object.entries(headers)) {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) return `"${name}" is no name of a header`;
    if (reservedHeaders.includes(name.toLowerCase())) return `the header "${name}" is written by the client`;
    const isReference = /^secret:/i.test(content);
    if (isReference ? !isSecretName(content) : isSecretKey(name)) return `"${name}": ${notListed}`;
    if (!/^[\t\x20-\x7e]*$/.test(content)) return `"${name}" has a character that no header may have`;
  }
  return undefined;
}

/** Why an address cannot be that of a server; undefined when it can. */
export function checkAddress(value: string): string | undefined {
  if (!URL.canParse(value) || !/^https?:/i.test(value)) return 'it must be an address such as http://127.0.0.1:8000';
  const { username, password } = new URL(value);
  return username === '' && password === '' ? undefined : 'it may hold no user or password: use AUTH_TOKEN';
}

/** Options of every server. */
const remote = [
  option({
    name: 'ENDPOINT',
    type: text,
    default: undefined,
    doc: 'The address of the server',
    validate: checkAddress,
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
    doc: "The bearer token: 'secret:name', of those that the server's settings list as millrace.secrets.name",
    validate: secretOnly,
    read: same,
    secret: true,
  }),
  option({
    name: 'CUSTOM_HEADERS',
    type: text,
    default: '{}',
    doc: "Headers of every call, as a JSON object; a value may be 'secret:name'",
    validate: checkHeaders,
    read: (value) => headersIn(value) ?? {},
    secret: true,
  }),
  option({
    name: 'CIRCUIT_BREAKER_ENABLED',
    type: bool,
    default: 'false',
    doc: 'Whether calls stop for a time when too many have failed; rows then have the error CIRCUIT_OPEN',
    read: same,
  }),
  option({
    name: 'CIRCUIT_BREAKER_FAILURE_THRESHOLD',
    type: number(0, 1),
    default: '0.5',
    doc: 'The part of the last calls that must have failed for that',
    read: same,
  }),
  option({
    name: 'CIRCUIT_BREAKER_MIN_REQUESTS',
    type: whole(1),
    default: '10',
    doc: 'How many of the last calls are looked at',
    read: same,
  }),
  option({
    name: 'CIRCUIT_BREAKER_TIMEOUT',
    type: duration('1 MINUTE'),
    default: '1 MINUTE',
    doc: 'How long no call is made',
    read: same,
  }),
  option({
    name: 'CIRCUIT_BREAKER_HALF_OPEN_REQUESTS',
    type: whole(1),
    default: '3',
    doc: 'How many calls must then succeed before all are made again',
    read: same,
  }),
] as const;
/** What every server is called with. */
export const remoteOptions = optionTable(...remote);

const health = [
  option({
    name: 'HEALTH_CHECK_ENABLED',
    type: bool,
    default: 'false',
    doc: 'Whether the server is asked from time to time whether it serves the model, and not called while it does not',
    read: same,
  }),
  option({
    name: 'HEALTH_CHECK_INTERVAL',
    type: duration('30 SECONDS'),
    default: '30 SECONDS',
    doc: 'How often it is asked, by the first row after that',
    read: same,
  }),
] as const;
/** Options of servers that tell whether they serve a model. */
export const healthOptions = optionTable(...health);

const modelName = option({
  name: 'MODEL_NAME',
  type: text,
  default: undefined,
  doc: 'The name of the model there',
  read: same,
});
const modelVersion = option({
  name: 'MODEL_VERSION',
  type: label,
  default: undefined,
  doc: 'The version there; without it the one that the server chooses',
  read: same,
});
/** Options of a version that say how it is called, not which model it is: they may change while it is at work. */
export const changeableOptions: readonly string[] = [
  // The plans of queries hold it.
  ...invokeOptions.names.filter((name) => name !== 'OUTPUT_MODE'),
  'CACHE_SIZE',
  'CACHE_TTL',
  ...remoteOptions.names.filter((name) => name !== 'ENDPOINT'),
  ...healthOptions.names,
  'BINARY',
];

/** What a server with several models is asked for. */
export const servedOptions = optionTable(modelName, modelVersion);
/** Options of servers of the Open Inference Protocol. */
export const oipOptions = optionTable(
  ...remote,
  ...health,
  modelName,
  modelVersion,
  option({
    name: 'BINARY',
    type: bool,
    default: 'false',
    doc: 'Whether tensors are sent and asked for as bytes instead of JSON, for servers with the binary data extension, such as Triton and KServe',
    read: same,
  }),
);

/** Options of TensorFlow Serving. */
export const tensorflowOptions = optionTable(
  ...remote,
  ...health,
  modelName,
  modelVersion,
  option({
    name: 'SIGNATURE_NAME',
    type: text,
    default: 'serving_default',
    doc: "Which of the model's signatures is asked",
    read: same,
  }),
);

/** Options of MLflow's scoring server. */
export const mlflowOptions = optionTable(...remote, ...health);

/** Options of TorchServe. */
export const torchserveOptions = optionTable(...remote, ...health, modelName, modelVersion);

const jsonForms = [
  option({
    name: 'REQUEST_TEMPLATE',
    type: text,
    default: '{"instances":{{rows}}}',
    doc: 'The JSON that is sent. {{rows}} are the rows as objects, {{values}} as lists; with {{column}} in their place each row is a call',
    read: same,
  }),
  option({
    name: 'RESPONSE_PATH',
    type: text,
    default: '$.predictions',
    doc: 'Where in the answer the predictions are, one a row, such as $.result.scores; $ is the whole answer',
    read: same,
  }),
] as const;
/** Options of a server that takes and gives JSON of any form. */
export const httpOptions = optionTable(...remote, ...jsonForms);

const awsSecret = <const N extends string>(name: N, doc: string) =>
  option({ name, type: text, default: undefined, doc, validate: secretOnly, read: same, secret: true });
const [endpoint, timeout, , customHeaders, ...breaker] = remote;
/** What a model of a user's provider is called with, beside what that declares. */
export const userProviderOptions = optionTable(timeout, ...breaker, ...health);
/** Options of endpoints of SageMaker, whose calls are signed and have no token. */
export const sagemakerOptions = optionTable(
  endpoint,
  timeout,
  customHeaders,
  ...breaker,
  ...health,
  ...jsonForms,
  option({ name: 'MODEL_NAME', type: text, default: undefined, doc: 'The name of the endpoint', read: same }),
  option({
    name: 'MODEL_VERSION',
    type: label,
    default: undefined,
    doc: 'The variant that is asked; without it the one that the endpoint chooses',
    read: same,
  }),
  option({
    name: 'REGION',
    type: text,
    default: undefined,
    doc: "AWS's region, such as eu-central-1; ENDPOINT is its runtime unless it is given",
    validate: (value) => (/^[a-z0-9-]+$/.test(value) ? undefined : 'it must be a name such as eu-central-1'),
    read: same,
  }),
  option({
    name: 'API_ENDPOINT',
    type: text,
    default: undefined,
    doc: "The address of SageMaker's API, which is asked for the endpoint's health; without it that of the region",
    validate: checkAddress,
    read: same,
  }),
  awsSecret('ACCESS_KEY_ID', "The id of the access key: 'secret:name'"),
  awsSecret('SECRET_ACCESS_KEY', "The access key, which signs every call: 'secret:name'"),
  awsSecret('SESSION_TOKEN', "The token of credentials that are only for a time: 'secret:name'"),
);

/** Options of the API of OpenAI, which many servers have. */
export const openaiOptions = optionTable(
  ...remote,
  modelName,
  option({
    name: 'SYSTEM_PROMPT',
    type: text,
    default: undefined,
    doc: 'What a chat model is told before the row',
    read: same,
  }),
  option({
    name: 'PROMPT',
    type: text,
    default: undefined,
    doc: 'What a chat model is asked, with {{column}} for the inputs; without it the only input, or all as a JSON object',
    read: same,
  }),
  option({
    name: 'TEMPERATURE',
    type: number(0, 2),
    default: undefined,
    doc: 'How much a chat model chooses by chance; without it as the server does',
    read: same,
  }),
  option({
    name: 'MAX_TOKENS',
    type: whole(1),
    default: undefined,
    doc: 'How long the answer of a chat model may be; one that is cut off there is an error of its row',
    read: same,
  }),
  option({
    name: 'DIMENSION',
    type: whole(1),
    default: undefined,
    doc: 'How many numbers an embedding has; without it as many as the model gives',
    read: same,
  }),
);

export interface ProviderOptions<O extends Option = Option> {
  /** Options of this provider only. */
  readonly own: OptionTable<O>;
  readonly needed: readonly O['name'][];
  /** The hint of the error when a model cannot be loaded. */
  readonly hint: string;
}
const providerOf = <O extends Option>(provider: ProviderOptions<O>): ProviderOptions<O> => provider;
const oip = providerOf({
  own: oipOptions,
  needed: ['ENDPOINT', 'MODEL_NAME'],
  hint: "Check ENDPOINT and MODEL_NAME, or use VALIDATE='OFF' to create it before its server is up.",
});

/** The providers and the options of each. */
export const providers = {
  ONNX: providerOf({
    own: onnxOptions,
    needed: ['PATH'],
    hint: 'Check PATH, INPUT_TENSOR and OUTPUT_MAP, and the types of INPUT and OUTPUT.',
  }),
  'OIP-V2': oip,
  TRITON: oip,
  HTTP: providerOf({
    own: httpOptions,
    needed: ['ENDPOINT'],
    hint: 'Check REQUEST_TEMPLATE, RESPONSE_PATH and OUTPUT_MAP, and declare INPUT and OUTPUT.',
  }),
  'TENSORFLOW-SERVING': providerOf({
    own: tensorflowOptions,
    needed: ['ENDPOINT', 'MODEL_NAME'],
    hint: 'Check ENDPOINT (the REST port, 8501), MODEL_NAME and SIGNATURE_NAME, and declare INPUT and OUTPUT.',
  }),
  MLFLOW: providerOf({
    own: mlflowOptions,
    needed: ['ENDPOINT'],
    hint: 'Check ENDPOINT, and declare INPUT (in back-quotes where the names have small letters) and OUTPUT.',
  }),
  TORCHSERVE: providerOf({
    own: torchserveOptions,
    needed: ['ENDPOINT', 'MODEL_NAME'],
    hint: 'Check ENDPOINT (the inference port, 8080) and MODEL_NAME, and declare INPUT and OUTPUT.',
  }),
  SAGEMAKER: providerOf({
    own: sagemakerOptions,
    needed: ['MODEL_NAME', 'REGION', 'ACCESS_KEY_ID', 'SECRET_ACCESS_KEY'],
    hint: 'Check MODEL_NAME, REGION, REQUEST_TEMPLATE, RESPONSE_PATH and OUTPUT_MAP, and declare INPUT and OUTPUT.',
  }),
  OPENAI: providerOf({
    own: openaiOptions,
    needed: ['ENDPOINT', 'MODEL_NAME'],
    hint: 'ENDPOINT is a whole address, such as https://api.openai.com/v1/chat/completions or …/v1/embeddings; declare INPUT and OUTPUT.',
  }),
} satisfies { readonly [P in ProviderName]: unknown };
