import type { Express, Response } from 'express';
import {
  compatibilityLevels,
  type CompatibilityLevel,
  type NewSchema,
  type SchemaReference,
  type SchemaType,
  type SchemaVersion,
  type ServedRegistry,
} from '../../runtime/ports/schema-registry.ts';
import { defaultSchemaType, schemaFormat, schemaTypes } from '../../formats/index.ts';
import type { ServerContext } from '../context.ts';
import { parseObject, readBody, textField } from '../requests.ts';

const mediaType = 'application/vnd.schemaregistry.v1+json';

/** An error answer with an error code of the Schema Registry API. */
class Refusal extends Error {
  readonly status: number;
  readonly code: number;

  constructor(status: number, code: number, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Confluent's Schema Registry API over this node's own registry; absent when another registry is configured. */
export function schemaRoutes(app: Express, { registry, access }: ServerContext): void {
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
      const level = levelOf(await readBody(request, access.limits.settings.requestBytes));
      registry.setLevel(level, (request.params as { readonly subject?: string }).subject);
      return { compatibility: level };
    }),
  );
  app.get('/schemas/ids/:id', (request, response) =>
    answer(response, () => {
      const schema = registry.schema(Number(request.params.id));
      if (schema === undefined) throw new Refusal(404, 40403, `Schema ${request.params.id} not found.`);
      return schemaJson(schema, request.query['format']);
    }),
  );
  app.get('/subjects/:subject/versions', (request, response) =>
    answer(response, () => versionsOf(registry, request.params.subject).map(({ version }) => version)),
  );
  app.get('/subjects/:subject/versions/:version', (request, response) =>
    answer(response, () => {
      const { subject, version } = request.params;
      const versions = versionsOf(registry, subject);
      const selected =
        version === 'latest' ? versions.at(-1) : versions.find((candidate) => candidate.version === Number(version));
      if (selected === undefined) throw new Refusal(404, 40402, `Version ${version} not found.`);
      return describe(subject, selected, request.query['format']);
    }),
  );
  app.post('/subjects/:subject/versions', (request, response) =>
    answer(response, async () => {
      return {
        id: await registry.register(
          request.params.subject,
          schemaOf(await readBody(request, access.limits.settings.requestBytes)),
        ),
      };
    }),
  );
  app.post('/subjects/:subject', (request, response) =>
    answer(response, async () => {
      const { subject } = request.params;
      const { type, text } = schemaOf(await readBody(request, access.limits.settings.requestBytes));
      const registered = versionsOf(registry, subject).find(
        (candidate) => candidate.type === type && candidate.text === text,
      );
      if (registered === undefined) throw new Refusal(404, 40403, 'Schema not found');
      return describe(subject, registered);
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
  const compatibility = compatibilityLevels.find((level) => level === text.toUpperCase());
  if (compatibility === undefined)
    throw new Refusal(422, 42203, `Invalid compatibility level. Valid values are ${compatibilityLevels.join(', ')}`);
  return compatibility;
}

/** The schemaType field, which is left out for the default type. */
const typeOf = (type: SchemaType): object => (type === defaultSchemaType ? {} : { schemaType: type });
/** A schema as JSON; `format=serialized` asks for the binary form (for Protobuf the compiler's descriptor). */
const schemaJson = ({ type, text, references }: NewSchema, format?: unknown): object => ({
  ...typeOf(type),
  schema: format === 'serialized' ? (schemaFormat(type).serialized?.of(text) ?? text) : text,
  ...(references === undefined ? {} : { references }),
});
const describe = (subject: string, schema: SchemaVersion, format?: unknown): object => ({
  subject,
  version: schema.version,
  id: schema.id,
  ...schemaJson(schema, format),
});

function versionsOf(registry: ServedRegistry, subject: string): readonly SchemaVersion[] {
  const versions = registry.versions(subject);
  if (versions === undefined) throw new Refusal(404, 40401, `Subject '${subject}' not found.`);
  return versions;
}

function schemaOf(body: string): NewSchema {
  const fields = parseObject(body);
  const type = fields['schemaType'] ?? defaultSchemaType;
  const known = schemaTypes.find((candidate) => candidate === type);
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

/** The text to keep for a schema that may be given in its binary form. */
function keptText(type: SchemaType, schema: string): string {
  try {
    return schemaFormat(type).serialized?.toText(schema) ?? schema;
  } catch (error) {
    throw new Refusal(422, 42201, `invalid ${type} schema: ${(error as Error).message}`);
  }
}

function referenceOf(json: unknown): SchemaReference {
  const { name, subject, version } = (json ?? {}) as Partial<Record<keyof SchemaReference, unknown>>;
  if (typeof name !== 'string' || typeof subject !== 'string' || typeof version !== 'number')
    throw new Refusal(422, 42201, 'a reference needs name, subject and version');
  return { name, subject, version };
}
