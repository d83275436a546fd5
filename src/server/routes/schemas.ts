import type { Express, Response } from 'express';
import {
  compatibilityLevels,
  type CompatibilityLevel,
  type NewSchema,
  type SchemaReference,
  type SchemaType,
  type SchemaVersion,
  type ServedRegistry,
} from '../../engine/ports.ts';
import { defaultSchemaType, schemaFormat, schemaTypes } from '../../formats/index.ts';
import type { ServerContext } from '../context.ts';
import { parseObject, readBody, textField } from '../requests.ts';

const mediaType = 'application/vnd.schemaregistry.v1+json';

/** An answer other than 200, with the registry's own codes. */
class Refusal extends Error {
  readonly status: number;
  readonly code: number;

  constructor(status: number, code: number, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Confluent's registry API over the registry that this node holds; with another one configured these paths do not exist. */
export function schemaRoutes(app: Express, { registry }: ServerContext): void {
  if (registry === undefined) return;
  const answer = async (response: Response, make: () => unknown): Promise<void> => {
    try {
      const body = await make();
      response.type(mediaType).send(JSON.stringify(body));
    } catch (error) {
      const { name, message } = error as Error;
      const invalid = message.startsWith('invalid ');
      const { status, code } =
        error instanceof Refusal
          ? error
          : name === 'SchemaRefused'
            ? { status: invalid ? 422 : 409, code: invalid ? 42201 : 409 }
            : { status: 400, code: 400 };
      response
        .status(status)
        .type(mediaType)
        .send(JSON.stringify({ error_code: code, message }));
    }
  };
  app.get('/subjects', (_request, response) => answer(response, () => registry.subjects()));
  app.get('/schemas/types', (_request, response) => answer(response, () => schemaTypes));
  app.get('/config', (_request, response) => answer(response, () => ({ compatibilityLevel: registry.level() })));
  app.get('/config/:subject', (request, response) =>
    answer(response, () => ({ compatibilityLevel: registry.level(request.params.subject) })),
  );
  app.put(['/config', '/config/:subject'], (request, response) =>
    answer(response, async () => {
      const level = levelOf(await readBody(request));
      registry.setLevel(level, (request.params as { readonly subject?: string }).subject);
      return { compatibility: level };
    }),
  );
  app.get('/schemas/ids/:id', (request, response) =>
    answer(response, () => {
      const found = registry.schema(Number(request.params.id));
      if (found === undefined) throw new Refusal(404, 40403, `Schema ${request.params.id} not found.`);
      return schemaJson(found, request.query['format']);
    }),
  );
  app.get('/subjects/:subject/versions', (request, response) =>
    answer(response, () => versionsOf(registry, request.params.subject).map(({ version }) => version)),
  );
  app.get('/subjects/:subject/versions/:version', (request, response) =>
    answer(response, () => {
      const { subject, version } = request.params;
      const versions = versionsOf(registry, subject);
      const found = version === 'latest' ? versions.at(-1) : versions.find((each) => each.version === Number(version));
      if (found === undefined) throw new Refusal(404, 40402, `Version ${version} not found.`);
      return describe(subject, found, request.query['format']);
    }),
  );
  app.post('/subjects/:subject/versions', (request, response) =>
    answer(response, async () => {
      return { id: await registry.register(request.params.subject, schemaOf(await readBody(request))) };
    }),
  );
  app.post('/subjects/:subject', (request, response) =>
    answer(response, async () => {
      const { subject } = request.params;
      const { type, text } = schemaOf(await readBody(request));
      const found = versionsOf(registry, subject).find((each) => each.type === type && each.text === text);
      if (found === undefined) throw new Refusal(404, 40403, 'Schema not found');
      return describe(subject, found);
    }),
  );
  app.delete('/subjects/:subject', (request, response) =>
    answer(response, () => {
      const versions = versionsOf(registry, request.params.subject).map(({ version }) => version);
      registry.remove(request.params.subject);
      return versions;
    }),
  );
}

function levelOf(body: string): CompatibilityLevel {
  const text = textField(parseObject(body), ['compatibility']);
  const found = compatibilityLevels.find((level) => level === text.toUpperCase());
  if (found === undefined)
    throw new Refusal(422, 42203, `Invalid compatibility level. Valid values are ${compatibilityLevels.join(', ')}`);
  return found;
}

/** The default type is not named. */
const typeOf = (type: SchemaType): object => (type === defaultSchemaType ? {} : { schemaType: type });
/** `format=serialized` asks for a schema in its binary form (Protobuf's: the compiler's descriptor). */
const schemaJson = ({ type, text, references }: NewSchema, format?: unknown): object => ({
  ...typeOf(type),
  schema: format === 'serialized' ? (schemaFormat(type).serialized?.of(text) ?? text) : text,
  ...(references === undefined ? {} : { references }),
});
const describe = (subject: string, found: SchemaVersion, format?: unknown): object => ({
  subject,
  version: found.version,
  id: found.id,
  ...schemaJson(found, format),
});

function versionsOf(registry: ServedRegistry, subject: string): readonly SchemaVersion[] {
  const versions = registry.versions(subject);
  if (versions === undefined) throw new Refusal(404, 40401, `Subject '${subject}' not found.`);
  return versions;
}

function schemaOf(body: string): NewSchema {
  const fields = parseObject(body);
  const type = fields['schemaType'] ?? defaultSchemaType;
  const known = schemaTypes.find((each) => each === type);
  if (known === undefined)
    throw new Refusal(422, 42201, `schema type ${String(type)} is not one of ${schemaTypes.join(', ')}`);
  const references = fields['references'] ?? [];
  if (!Array.isArray(references)) throw new Refusal(422, 42201, 'references is not a list');
  const text = textField(fields, ['schema']);
  return {
    type: known,
    text: keptText(known, text),
    ...(references.length > 0 ? { references: references.map(referenceOf) } : {}),
  };
}

/** Clients that have a schema's binary form register that; what is kept is the text. */
function keptText(type: SchemaType, schema: string): string {
  try {
    return schemaFormat(type).serialized?.toText(schema) ?? schema;
  } catch (error) {
    throw new Refusal(422, 42201, `invalid ${type} schema: ${(error as Error).message}`);
  }
}

function referenceOf(given: unknown): SchemaReference {
  const { name, subject, version } = (given ?? {}) as Partial<Record<keyof SchemaReference, unknown>>;
  if (typeof name !== 'string' || typeof subject !== 'string' || typeof version !== 'number')
    throw new Refusal(422, 42201, 'a reference needs name, subject and version');
  return { name, subject, version };
}
