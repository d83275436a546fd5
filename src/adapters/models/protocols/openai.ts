import { openaiOptions } from '../../../config/provider-options.ts';
import type { ModelColumn } from '../../../types/model.ts';
import { typeText, type Row, type SqlType } from '../../../types/sql-type.ts';
import { refuseOptions, type JsonProtocol } from '../json-provider.ts';
import { fieldIn, inputWriter, objectWriter } from '../json-rows.ts';
import { answerJson } from '../remote.ts';
import { textTemplate } from '../templates.ts';

type Options = Parameters<JsonProtocol['model']>[0];
type Model = ReturnType<JsonProtocol['model']>;

const isEmbedding = (options: Options): boolean =>
  /\/embeddings\/*$/.test(new URL(openaiOptions.read('ENDPOINT', options)!).pathname);

const ofChats = ['SYSTEM_PROMPT', 'PROMPT', 'TEMPERATURE', 'MAX_TOKENS'];

/** Chat completions, one a row, and embeddings; the last part of ENDPOINT says which. */
export const openai: JsonProtocol = {
  isByRow: (options) => !isEmbedding(options),
  model(options, { input, output }) {
    refuseOptions(options, ['INPUT_TENSOR'], 'texts are no tensors');
    if (isEmbedding(options)) {
      refuseOptions(options, ofChats, 'ENDPOINT is one of embeddings, and it is of chats');
      return embeddings(options, input, output);
    }
    refuseOptions(options, ['DIMENSION'], 'ENDPOINT is one of chats, and it is of embeddings');
    return chat(options, input, output);
  },
  check: undefined,
};

const fieldTypes: Partial<Record<SqlType['kind'], string>> = {
  BOOLEAN: 'boolean',
  INTEGER: 'integer',
  BIGINT: 'integer',
  DOUBLE: 'number',
  STRING: 'string',
};

/** The JSON schema of a column. */
function schemaOf({ name, type }: ModelColumn): object {
  if (type.kind === 'ARRAY') return { type: 'array', items: schemaOf({ name, type: type.element }) };
  const told = fieldTypes[type.kind];
  if (told === undefined) throw new TypeError(`output ${name}: a chat model gives no ${typeText(type)}`);
  return { type: told };
}

/** A row of one text is that text; any other is asked for as an object with the output columns. */
function chat(options: Options, input: readonly ModelColumn[], output: readonly ModelColumn[]): Model {
  const isText = output.length === 1 && output[0]!.type.kind === 'STRING';
  const properties = Object.fromEntries(output.map((column) => [column.name, schemaOf(column)]));
  const schema = { type: 'object', properties, required: Object.keys(properties), additionalProperties: false };
  const format = { type: 'json_schema', json_schema: { name: 'prediction', strict: true, schema } };
  const system = openaiOptions.read('SYSTEM_PROMPT', options);
  const settings = {
    model: openaiOptions.read('MODEL_NAME', options),
    temperature: openaiOptions.read('TEMPERATURE', options),
    max_tokens: openaiOptions.read('MAX_TOKENS', options),
    ...(isText ? {} : { response_format: format }),
  };
  const prompt = promptOf(openaiOptions.read('PROMPT', options), input);
  return {
    path: '',
    body([row]) {
      const instructions = system === undefined ? [] : [{ role: 'system', content: system }];
      return JSON.stringify({ ...settings, messages: [...instructions, { role: 'user', content: prompt(row!) }] });
    },
    predictions(answer) {
      const choices = fieldIn(answer, 'choices');
      const choice: unknown = Array.isArray(choices) ? choices[0] : undefined;
      const message = fieldIn(choice, 'message');
      const refusal = fieldIn(message, 'refusal');
      if (typeof refusal === 'string') throw new TypeError(`the model refused: ${refusal.slice(0, 200)}`);
      if (fieldIn(choice, 'finish_reason') === 'length')
        throw new TypeError('the answer is cut off: MAX_TOKENS, or what the model allows, is too little');
      const content = fieldIn(message, 'content');
      if (typeof content !== 'string') throw new TypeError('the answer has no content');
      return [isText ? content : asObject(content)];
    },
  };
}

/** A content that is to be an object by the schema. */
function asObject(content: string): unknown {
  let json: unknown;
  try {
    json = answerJson(content);
  } catch {
    throw new TypeError('what the model wrote is not JSON');
  }
  // A value alone would be taken for that of the only column.
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new TypeError('what the model wrote is no JSON object');
  return json;
}

function promptOf(template: string | undefined, input: readonly ModelColumn[]): (row: Row) => string {
  if (template !== undefined) return textTemplate(template, input, 'PROMPT');
  return input.length === 1 ? textTemplate(`{{${input[0]!.name}}}`, input, 'PROMPT') : objectWriter(input);
}

/** All rows of a call at once. */
function embeddings(options: Options, input: readonly ModelColumn[], output: readonly ModelColumn[]): Model {
  const [column] = input;
  if (input.length !== 1 || column!.type.kind !== 'STRING' || output.length !== 1 || output[0]!.type.kind !== 'ARRAY')
    throw new TypeError('embeddings are of one STRING INPUT, and their OUTPUT is one ARRAY of DOUBLE');
  const write = inputWriter(input);
  const model = openaiOptions.read('MODEL_NAME', options);
  const settings = { model, dimensions: openaiOptions.read('DIMENSION', options), encoding_format: 'float' };
  const head = JSON.stringify(settings).slice(0, -1);
  return {
    path: '',
    body: (rows) => `${head},"input":[${rows.map((row) => write(row)[0]).join()}]}`,
    predictions(answer) {
      const data = fieldIn(answer, 'data');
      if (!Array.isArray(data)) throw new TypeError('the answer has no data');
      const found = new Array<unknown>(data.length).fill(undefined);
      for (const [place, each] of data.entries()) {
        // Each tells the place of its row; some servers leave that out.
        const index = (fieldIn(each, 'index') ?? place) as number;
        if (!(index in found) || found[index] !== undefined) throw new TypeError(`the answer has two of row ${index}`);
        found[index] = fieldIn(each, 'embedding');
      }
      return found;
    },
  };
}
