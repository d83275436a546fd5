import type { RolesToInfer } from '../analysis/create-source.ts';
import type { Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { Engine } from '../engine/engine.ts';
import type { NewSchema } from '../runtime/ports/schema-registry.ts';
import {
  DecodeError,
  fieldNamed,
  type DecodeColumn,
  type InferredColumn,
  type RegisteredSchema,
} from '../formats/define.ts';
import { findFormat } from '../formats/index.ts';
import type { FormatSpec, SourceSpec } from '../specs/source.ts';
import { implicitlyCastable } from '../types/casts.ts';
import type { Column } from '../types/schema.ts';
import { sameType, typeText, type SqlType } from '../types/sql-type.ts';

type Role = 'key' | 'value';
const subjectOf = (topic: string, role: Role): string => `${topic}-${role}`;

/**
 * How names in a schema become column names: unchanged when the statement names the schema by id, else in upper case, as in
 * ksqlDB.
 */
const namedBy = (schemaId: number | undefined): ((name: string) => string) =>
  schemaId === undefined ? (name) => name.toUpperCase() : (name) => name;

/** The schema with this id, or the newest of the topic; undefined when there is none of the format's type. */
async function schemaFor(
  engine: Engine,
  subject: string,
  { format, schemaId }: Pick<FormatSpec, 'format' | 'schemaId'>,
  span: Span,
): Promise<RegisteredSchema | undefined> {
  const { registry } = engine;
  const registered = await ask(
    schemaId === undefined
      ? registry.latest(subject)
      : registry.byId(schemaId).then((schema) => schema && { id: schemaId, ...schema }),
    span,
  );
  return registered?.type === findFormat(format)!.registered!.type ? registered : undefined;
}

/** The columns that a CREATE statement leaves to the schema registry, and what of the schemas becomes no column, as warnings. */
export async function inferColumns(
  { topic, roles }: RolesToInfer,
  engine: Engine,
): Promise<{ columns: readonly Column[]; leftOut: readonly string[] }> {
  const columns: Column[] = [];
  const leftOut: string[] = [];
  for (const { role, span, ...choice } of roles) {
    const { format, schemaId, fullName } = choice;
    const subject = subjectOf(topic, role);
    const { registered } = findFormat(format)!;
    const schema = await schemaFor(engine, subject, choice, span);
    const inferred =
      schema &&
      refusing(subject, span, () =>
        registered!.columnsOf(schema, choice, namedBy(schemaId), (path, why) => {
          leftOut.push(
            `${path === '' ? `The schema of ${subject}` : `Field "${path}" of ${subject}`} is left out: ${why}.`,
          );
          return undefined;
        }),
      );
    // A key of the default format is optional: a stream can have no key.
    if (inferred === undefined)
      throw new SqlError('SCHEMA_NOT_FOUND', span, { role, subject, format, schemaId, fullName });
    for (const { name, type } of inferred)
      columns.push({ name: name ?? (role === 'key' ? 'ROWKEY' : 'ROWVAL'), type, role });
  }
  return { columns, leftOut };
}

/**
 * Adds the schemas that a source's records are written with. A query's result registers its schema, or is checked against the
 * schema that it names. A declared source uses the schema that it names, else the newest of its topic; where that lacks columns, a
 * version with them is registered, and where there is none, one of its own.
 */
export async function withSchemas(
  spec: SourceSpec,
  engine: Engine,
  isResult: boolean,
  span: Span,
  isReadOnly = false,
): Promise<SourceSpec> {
  const of = async (role: Role): Promise<FormatSpec> => {
    const declared = role === 'key' ? spec.keyFormat : spec.valueFormat;
    const { registered } = findFormat(declared.format)!;
    const columns = columnsOf(spec, role);
    if (registered === undefined || columns.length === 0) return declared;
    const subject = subjectOf(spec.topic, role);
    const { schemaId } = declared;
    const known = isResult && schemaId === undefined ? undefined : await schemaFor(engine, subject, declared, span);
    if (known === undefined && schemaId !== undefined)
      throw new SqlError('SCHEMA_NOT_FOUND', span, {
        role,
        subject,
        format: declared.format,
        schemaId,
        fullName: declared.fullName,
      });
    return refusing(subject, span, async () => {
      const register = (text: string): Promise<number> =>
        ask(engine.registry.register(subject, { type: registered.type, text }), span, subject);
      if (isResult && known !== undefined) checkAgainst(known, declared, role, columns, span);
      // What is only read may have columns that the schema lacks: they are null.
      const isBare = columns.length === 1 && !declared.wrap;
      const isWhole = isBare || isResult || isReadOnly || known === undefined || known.references !== undefined;
      const wider = isWhole ? undefined : registered.extended(known, columns, declared);
      const text = wider ?? known?.text ?? ownSchema(spec, role)!.schema.text;
      const withId = (id: number): FormatSpec & { schema: RegisteredSchema } => ({
        ...declared,
        schema: { ...known, id, text },
      });
      // Makes an encoder to find now, and not at the first record, that the schema cannot hold the columns.
      if (isResult) checkWriter(withId(0), columns);
      else if (!isReadOnly) checkDeclared(withId(0), columns);
      return withId(wider === undefined && known !== undefined ? known.id : await register(text));
    });
  };
  return { ...spec, keyFormat: await of('key'), valueFormat: await of('value') };
}

const columnsOf = ({ schema }: SourceSpec, role: Role): DecodeColumn[] =>
  schema.filter((column) => column.role === role).map(({ name, type }, slot) => ({ name, type, slot }));

/** The schema derived from a source's columns, for a source that names none; undefined for formats without a registry. */
export function ownSchema(spec: SourceSpec, role: Role): { subject: string; schema: NewSchema } | undefined {
  const format = role === 'key' ? spec.keyFormat : spec.valueFormat;
  const { registered } = findFormat(format.format)!;
  const columns = columnsOf(spec, role);
  if (registered === undefined || columns.length === 0) return undefined;
  const text = registered.schemaOf(columns, format, role === 'key' ? keyName(spec.topic) : valueName);
  return { subject: subjectOf(spec.topic, role), schema: { type: registered.type, text } };
}

/** Throws `DecodeError` where the schema that a format writes with cannot hold the columns. */
function checkWriter(format: FormatSpec, columns: readonly DecodeColumn[]): void {
  findFormat(format.format)!.encoder(columns, format);
}

/** Refuses the rows of a query where the schemas of the source that they go to cannot hold them. */
export function checkTarget(spec: SourceSpec, span: Span): void {
  for (const role of ['key', 'value'] as const)
    refusing(subjectOf(spec.topic, role), span, () =>
      checkWriter(role === 'key' ? spec.keyFormat : spec.valueFormat, columnsOf(spec, role)),
    );
}

/**
 * A declared source may have columns that its schema cannot hold when these can be read from it, such as a STRING of a number; rows for
 * it are refused then.
 */
function checkDeclared(
  format: FormatSpec & { readonly schema: RegisteredSchema },
  columns: readonly DecodeColumn[],
): void {
  try {
    checkWriter(format, columns);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    const { registered } = findFormat(format.format)!;
    const fields = registered!.columnsOf(format.schema, format, (name) => name) ?? [];
    const isRead = ({ name, type }: DecodeColumn): boolean => {
      const field = fields.find((candidate) => candidate.name === undefined) ?? fieldNamed(fields as Named[], name);
      return field !== undefined && isReadAs(field.type, type, registered!.readsNumbers === true);
    };
    if (!columns.every(isRead)) throw error;
  }
}
type Named = InferredColumn & { readonly name: string };

/** Whether readers take values of one type for another; `numbers`: any number for a type of numbers that is as wide. */
function isReadAs(from: SqlType, to: SqlType, numbers: boolean): boolean {
  if (from.kind === 'ARRAY' && to.kind === 'ARRAY') return isReadAs(from.element, to.element, numbers);
  if (from.kind === 'MAP' && to.kind === 'MAP')
    return isReadAs(from.key, to.key, numbers) && isReadAs(from.value, to.value, numbers);
  if (from.kind === 'STRUCT' && to.kind === 'STRUCT')
    return to.fields.every(({ name, type }) => {
      const field = fieldNamed(from.fields, name);
      return field !== undefined && isReadAs(field.type, type, numbers);
    });
  if (from.kind === 'DECIMAL' && to.kind === 'DECIMAL') return true;
  if (to.kind === 'STRING') return !isNested(from);
  return sameType(from, to) || ((numbers || to.kind === 'BIGINT') && implicitlyCastable(from, to));
}
const isNested = ({ kind }: SqlType): boolean =>
  kind === 'ARRAY' || kind === 'MAP' || kind === 'STRUCT' || kind === 'BYTES';

/** The columns of a result must be the first columns of the named schema, in the same order. */
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
  const text = (columns: readonly InferredColumn[]): string =>
    columns.map(({ name, type }) => `${name ?? ''} ${typeText(type)}`.trim()).join(', ');
  throw new SqlError('SCHEMA_MISMATCH', span, {
    role,
    columns: text(wrong),
    id: String(schema.id),
    schema: text(wanted),
  });
}

const valueName = 'KsqlDataSourceSchema';
/** The name of a key's record as in ksqlDB: the topic's name in upper camel case. */
const keyName = (topic: string): string =>
  `${topic.replaceAll(/[^A-Za-z0-9]*([A-Za-z0-9]+)/g, (_all, word: string) => word[0]!.toUpperCase() + word.slice(1).toLowerCase()).replaceAll(/\W/g, '')}Key`;

/** Turns a DecodeError of a schema into an error of the statement. */
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

/** Awaits the registry; turns its failures into errors of the statement. */
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
