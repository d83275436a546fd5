import type { RolesToInfer } from '../analysis/create-source.ts';
import type { Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { Engine } from '../engine/engine.ts';
import type { NewSchema } from '../engine/ports.ts';
import { DecodeError, type DecodeColumn, type InferredColumn, type RegisteredSchema } from '../formats/define.ts';
import { findFormat } from '../formats/index.ts';
import type { FormatSpec, SourceSpec } from '../specs/source.ts';
import { implicitlyCastable } from '../types/casts.ts';
import type { Column } from '../types/schema.ts';
import { sameType, typeText } from '../types/sql-type.ts';

type Role = 'key' | 'value';
const subjectOf = (topic: string, role: Role): string => `${topic}-${role}`;

/** How a schema's names become columns': as they are when the schema was named by its id, else in upper case, as in ksqlDB. */
const namedBy = (schemaId: number | undefined): ((name: string) => string) =>
  schemaId === undefined ? (name) => name.toUpperCase() : (name) => name;

/** A schema by its id, or the newest of a topic; undefined when there is none of the format's type. */
async function schemaFor(
  engine: Engine,
  subject: string,
  { format, schemaId }: Pick<FormatSpec, 'format' | 'schemaId'>,
  span: Span,
): Promise<RegisteredSchema | undefined> {
  const { registry } = engine;
  const found = await ask(
    schemaId === undefined
      ? registry.latest(subject)
      : registry.byId(schemaId).then((schema) => schema && { id: schemaId, ...schema }),
    span,
  );
  return found?.type === findFormat(format)!.registered!.type ? found : undefined;
}

/** What the registry says of the roles that a CREATE statement leaves out: the columns of their schemas. */
export async function inferColumns({ topic, roles }: RolesToInfer, engine: Engine): Promise<readonly Column[]> {
  const columns: Column[] = [];
  for (const { role, span, ...choice } of roles) {
    const { format, schemaId, fullName } = choice;
    const subject = subjectOf(topic, role);
    const { registered } = findFormat(format)!;
    const schema = await schemaFor(engine, subject, choice, span);
    const found = schema && refusing(subject, span, () => registered!.columnsOf(schema, choice, namedBy(schemaId)));
    // A stream may be without a key: that of the default format is looked for, and need not be there.
    if (found === undefined)
      throw new SqlError('SCHEMA_NOT_FOUND', span, { role, subject, format, schemaId, fullName });
    for (const { name, type } of found)
      columns.push({ name: name ?? (role === 'key' ? 'ROWKEY' : 'ROWVAL'), type, role });
  }
  return columns;
}

/**
 * A source with the schemas that its records are written with. A result registers its own, or is checked against the one that it
 * names; a declared source takes the one it names or the newest of its topic, and registers one only where there is none.
 */
export async function withSchemas(
  spec: SourceSpec,
  engine: Engine,
  isResult: boolean,
  span: Span,
): Promise<SourceSpec> {
  const of = async (role: Role): Promise<FormatSpec> => {
    const given = role === 'key' ? spec.keyFormat : spec.valueFormat;
    const { registered, encoder } = findFormat(given.format)!;
    const columns = columnsOf(spec, role);
    if (registered === undefined || columns.length === 0) return given;
    const subject = subjectOf(spec.topic, role);
    const { schemaId } = given;
    const known = isResult && schemaId === undefined ? undefined : await schemaFor(engine, subject, given, span);
    if (known === undefined && schemaId !== undefined)
      throw new SqlError('SCHEMA_NOT_FOUND', span, {
        role,
        subject,
        format: given.format,
        schemaId,
        fullName: given.fullName,
      });
    return refusing(subject, span, async () => {
      if (isResult && known !== undefined) checkAgainst(known, given, role, columns, span);
      const text = known?.text ?? ownSchema(spec, role)!.schema.text;
      const id =
        known?.id ?? (await ask(engine.registry.register(subject, { type: registered.type, text }), span, subject));
      const format = { ...given, schema: { ...known, id, text } };
      // What cannot write its own columns is found here and not at the first record.
      if (isResult) encoder(columns, format);
      return format;
    });
  };
  return { ...spec, keyFormat: await of('key'), valueFormat: await of('value') };
}

const columnsOf = ({ schema }: SourceSpec, role: Role): DecodeColumn[] =>
  schema.filter((column) => column.role === role).map(({ name, type }, slot) => ({ name, type, slot }));

/** The schema that a source's own columns are written with where none is given; undefined for formats without a registry. */
export function ownSchema(spec: SourceSpec, role: Role): { subject: string; schema: NewSchema } | undefined {
  const format = role === 'key' ? spec.keyFormat : spec.valueFormat;
  const { registered } = findFormat(format.format)!;
  const columns = columnsOf(spec, role);
  if (registered === undefined || columns.length === 0) return undefined;
  const text = registered.schemaOf(columns, format, role === 'key' ? keyName(spec.topic) : valueName);
  return { subject: subjectOf(spec.topic, role), schema: { type: registered.type, text } };
}

/** A result's columns must be the first of the schema that it names, in their order. */
function checkAgainst(
  schema: RegisteredSchema,
  format: FormatSpec,
  role: Role,
  columns: readonly Pick<Column, 'name' | 'type'>[],
  span: Span,
): void {
  const { registered } = findFormat(format.format)!;
  const wanted = registered!.columnsOf(schema, format, (name) => name) ?? [];
  const wrong = columns.filter(({ name, type }, i) => {
    const at: InferredColumn | undefined = wanted[i];
    if (at === undefined || (at.name !== undefined && at.name !== name)) return true;
    return !sameType(type, at.type) && !implicitlyCastable(type, at.type);
  });
  if (wrong.length === 0) return;
  const text = (each: readonly InferredColumn[]): string =>
    each.map(({ name, type }) => `${name ?? ''} ${typeText(type)}`.trim()).join(', ');
  throw new SqlError('SCHEMA_MISMATCH', span, {
    role,
    columns: text(wrong),
    id: String(schema.id),
    schema: text(wanted),
  });
}

const valueName = 'KsqlDataSourceSchema';
/** ksqlDB's name of a key's record: the topic's in upper camel case. */
const keyName = (topic: string): string =>
  `${topic.replaceAll(/[^A-Za-z0-9]*([A-Za-z0-9]+)/g, (_all, word: string) => word[0]!.toUpperCase() + word.slice(1).toLowerCase()).replaceAll(/\W/g, '')}Key`;

/** What a schema cannot do is an error of the statement. */
function refusing<T>(subject: string, span: Span, work: () => T): T {
  const told = (error: unknown): never => {
    if (error instanceof DecodeError) throw new SqlError('SCHEMA_REFUSED', span, { subject, why: error.message });
    throw error;
  };
  try {
    const result = work();
    return result instanceof Promise ? (result.catch(told) as T) : result;
  } catch (error) {
    return told(error);
  }
}

/** What the registry answers; what goes wrong is an error of the statement. */
async function ask<T>(answer: Promise<T>, span: Span, subject = ''): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    const { name, message } = error as Error;
    throw name === 'SchemaRefused'
      ? new SqlError('SCHEMA_REFUSED', span, { subject, why: message })
      : new SqlError('REGISTRY_DOWN', span, { why: message });
  }
}
