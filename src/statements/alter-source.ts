import { resolveType } from '../bind/resolve-type.ts';
import { checkProperty } from '../config/setting-names.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { findFormat } from '../formats/index.ts';
import type { AlterSource, AlterSystem } from '../syntax/statements/alter-source.ts';
import { isPseudoColumn, valueColumns, type Column } from '../types/schema.ts';
import { typeText } from '../types/sql-type.ts';
import { closest } from '../util/closest.ts';
import { currentStatus, entity, type Handler } from './handler.ts';
import { withSchemas } from './schemas.ts';

/** Value columns are added at the end; queries that run go on with the columns that they know. */
export const alterSource: Handler<AlterSource> = async (statement, { engine, text, distribute }) => {
  const { catalog } = engine;
  const name = statement.name.text;
  const found = catalog.sources.get(name);
  if (found === undefined)
    throw new SqlError('SOURCE_NOT_FOUND', statement.name.span, {
      name,
      suggestion: closest(name, catalog.sources.keys()),
    });
  const { spec } = found;
  if (spec.kind !== statement.sourceKind)
    throw new SqlError('WRONG_SOURCE_KIND', statement.name.span, {
      name,
      expected: statement.sourceKind.toLowerCase(),
      actual: spec.kind.toLowerCase(),
    });
  const refuse = (why: string): never => {
    throw new SqlError('ALTER_REFUSED', statement.name.span, { name, why });
  };
  if (found.readOnly) refuse('it is a SOURCE, which is read only');
  if (found.createdBy !== undefined) refuse('a query fills it: replace that with CREATE OR REPLACE');
  const added = statement.columns.map((column, i): Column => {
    const columnName = column.name.text;
    if (isPseudoColumn(columnName)) throw new SqlError('RESERVED_COLUMN', column.name.span, { column: columnName });
    const twice = statement.columns.findIndex((other) => other.name.text === columnName) !== i;
    if (twice || spec.schema.some((each) => each.name === columnName))
      throw new SqlError('DUPLICATE_COLUMN', column.name.span, { column: columnName });
    return { name: columnName, type: resolveType(column.type, catalog.types), role: 'value' };
  });
  const headers = spec.schema.filter(({ role }) => role === 'header');
  const schema = [...spec.schema.filter(({ role }) => role !== 'header'), ...added, ...headers];
  const format = findFormat(spec.valueFormat.format)!;
  const refusal = format.refuses(valueColumns(schema), 'value');
  if (refusal !== undefined)
    throw 'why' in refusal
      ? new SqlError('FORMAT_UNSUPPORTED', statement.span, { format: format.name, why: refusal.why })
      : new SqlError('FORMAT_TYPE', statement.span, { format: format.name, ...refusal });
  // What is inserted has the new columns: their schema is registered.
  const valueFormat = { ...spec.valueFormat, wrap: true, schema: undefined };
  const complete = await withSchemas(
    {
      ...spec,
      schema,
      valueFormat: format.registered === undefined ? { ...spec.valueFormat, wrap: true } : valueFormat,
    },
    engine,
    true,
    statement.name.span,
  );
  const source = { ...found, spec: { ...complete, keyFormat: spec.keyFormat }, statement: text };
  const number = await distribute({ v: 1, kind: 'createSource', source, query: undefined });
  const word = spec.kind === 'STREAM' ? 'Stream' : 'Table';
  return currentStatus(
    text,
    `${word.toLowerCase()}/\`${name}\`/alter`,
    `${word} ${name} altered: ${added.map((each) => `${each.name} ${typeText(each.type)}`).join(', ')}`,
    number,
  );
};

/** A property for every session of every node from now on. */
export const alterSystem: Handler<AlterSystem> = async ({ name, value, span }, { text, distribute }) => {
  const { name: property, warning } = checkProperty(name, value, span);
  const number = await distribute({ v: 1, kind: 'alterSystem', name: property, value });
  return entity('currentStatus', text, {
    warnings: warning === undefined ? [] : [{ message: warning }],
    commandId: `cluster/${name}/alter`,
    commandStatus: { status: 'SUCCESS', message: `System property ${name} was set to ${value}`, queryId: null },
    commandSequenceNumber: number,
  });
};
