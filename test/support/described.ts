import { Ajv2020 } from 'ajv/dist/2020.js';
import { openApiDocument } from '../../src/server/openapi/document.ts';

type Content = Readonly<Record<string, { readonly schema?: object }>>;
interface Described {
  readonly responses: Readonly<Record<string, { readonly content: Content }>>;
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: object;
}

const document = openApiDocument('test') as unknown as Document;
const ajv = new Ajv2020({ strict: false, allErrors: true });
ajv.addSchema({ $id: 'api:/', components: document.components });
const validators = new Map<object, ReturnType<typeof ajv.compile>>();
const validatorOf = (schema: object): ReturnType<typeof ajv.compile> => {
  const known = validators.get(schema);
  if (known !== undefined) return known;
  const text = JSON.stringify(schema).replaceAll('"#/', '"api:/#/');
  const made = ajv.compile(JSON.parse(text) as object);
  validators.set(schema, made);
  return made;
};
const paths = Object.entries(document.paths).map(([path, methods]) => ({
  pattern: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`),
  methods,
}));

/** Holds an answer to what the OpenAPI document says of its route. */
export function checkDescribed(
  method: string,
  path: string,
  status: number,
  type: string | undefined,
  text: string,
): void {
  if (method === 'HEAD' || method === 'OPTIONS') return;
  const [asked] = path.split('?');
  const found = paths.find(({ pattern, methods }) => pattern.test(asked!) && method.toLowerCase() in methods);
  const refuse = (why: string): never => {
    throw new TypeError(`${method} ${path} answered ${status} ${type ?? ''}: ${why}\n${text.slice(0, 500)}`);
  };
  if (found === undefined) {
    // Who has no name is not told what there is.
    if (![401, 403, 404, 421].includes(status)) refuse('it is not described');
    return;
  }
  const answer =
    found.methods[method.toLowerCase()]!.responses[String(status)] ?? refuse('its status is not described');
  const media = type?.split(';')[0];
  if (media === undefined && text === '') return;
  const content = answer.content[media ?? ''] ?? refuse('its media type is not described');
  if (content.schema === undefined) return;
  const value: unknown = /json/.test(media!) && text !== '' ? JSON.parse(text) : text;
  const validate = validatorOf(content.schema);
  if (!validate(value)) refuse(ajv.errorsText(validate.errors));
}
