import type { RolesToInfer } from '../analysis/create-source.ts';
import type { Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { Engine } from '../engine/engine.ts';
import { DecodeError } from '../formats/define.ts';
import { findFormat } from '../formats/index.ts';
import type { SourceSpec } from '../plan/formats.ts';
import type { Column } from '../types/schema.ts';

const subjectOf = (topic: string, role: 'key' | 'value'): string => `${topic}-${role}`;

/** What the registry says of the roles that a CREATE statement leaves out: the columns of their newest schemas. */
export async function inferColumns({ topic, roles }: RolesToInfer, engine: Engine): Promise<readonly Column[]> {
  const columns: Column[] = [];
  for (const { role, format, wrap, span } of roles) {
    const subject = subjectOf(topic, role);
    const found = await ask(engine.registry.latest(subject), span);
    const { registered } = findFormat(format)!;
    if (found === undefined || found.type !== registered!.type)
      throw new SqlError('SCHEMA_NOT_FOUND', span, { role, subject, format });
    try {
      for (const { name, type } of registered!.columnsOf(found.text, wrap))
        columns.push({ name: name ?? (role === 'key' ? 'ROWKEY' : 'ROWVAL'), type, role });
    } catch (error) {
      throw new SqlError('SCHEMA_REFUSED', span, { subject, why: (error as Error).message });
    }
  }
  return columns;
}

/**
 * A source with the schemas that its records are written with. A result registers its own; a declared source takes the newest of
 * its topic, and registers one only where there is none.
 */
export async function withSchemas(
  spec: SourceSpec,
  engine: Engine,
  isResult: boolean,
  span: Span,
): Promise<SourceSpec> {
  const of = async (role: 'key' | 'value'): Promise<SourceSpec['keyFormat']> => {
    const given = role === 'key' ? spec.keyFormat : spec.valueFormat;
    const { registered, encoder } = findFormat(given.format)!;
    const columns = spec.schema
      .filter((column) => column.role === role)
      .map(({ name, type }, slot) => ({ name, type, slot }));
    if (registered === undefined || columns.length === 0) return given;
    const subject = subjectOf(spec.topic, role);
    const latest = isResult ? undefined : await ask(engine.registry.latest(subject), span);
    const text = latest?.text ?? registered.schemaOf(columns, given, role === 'key' ? keyName(spec.topic) : valueName);
    try {
      const id = latest?.id ?? (await ask(engine.registry.register(subject, registered.type, text), span, subject));
      const format = { ...given, schema: { id, text } };
      // What cannot write its own columns is found here and not at the first record.
      if (isResult) encoder(columns, format);
      return format;
    } catch (error) {
      if (error instanceof DecodeError) throw new SqlError('SCHEMA_REFUSED', span, { subject, why: error.message });
      throw error;
    }
  };
  return { ...spec, keyFormat: await of('key'), valueFormat: await of('value') };
}

const valueName = 'KsqlDataSourceSchema';
/** ksqlDB's name of a key's record: the topic's in upper camel case. */
const keyName = (topic: string): string =>
  `${topic.replaceAll(/[^A-Za-z0-9]*([A-Za-z0-9]+)/g, (_all, word: string) => word[0]!.toUpperCase() + word.slice(1).toLowerCase()).replaceAll(/\W/g, '')}Key`;

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
