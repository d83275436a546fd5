import { resolveType } from '../bind/resolve-type.ts';
import { checkProperty } from '../config/setting-names.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { exportIn } from '../specs/exports.ts';
import { findFormat } from '../formats/index.ts';
import type { AlterSource, AlterSystem } from '../syntax/statements/alter-source.ts';
import { isPseudoColumn, valueColumns, type Column } from '../types/schema.ts';
import { typeText } from '../types/sql-type.ts';
import { closest } from '../util/closest.ts';
import { exportsFor } from './exports.ts';
import { currentStatus, entity, type Handler } from './handler.ts';
import { distributeSource } from './persistent-query.ts';
import { withSchemas } from './schemas.ts';

/** Appends value columns. Running queries keep the columns that they know. */
export const alterSource: Handler<AlterSource> = async (statement, execution) => {
  const { engine, text, distribute } = execution;
  const { catalog } = engine;
  const name = statement.name.text;
  const existing = catalog.sources.get(name);
  if (existing === undefined)
    throw new SqlError('SOURCE_NOT_FOUND', statement.name.span, {
      name,
      suggestion: closest(name, catalog.sources.keys()),
    });
  const { spec } = existing;
  // The reasons are in ksqlDB's words, which its users' tests expect.
  const refuse = (why: string, span = statement.name.span): never => {
    throw new SqlError('ALTER_REFUSED', span, { name, why });
  };
  if (spec.kind !== statement.sourceKind)
    refuse(`Incompatible data source type is ${spec.kind}, but statement was ALTER ${statement.sourceKind}`);
  const kind = spec.kind.toLowerCase();
  if (existing.readOnly)
    refuse(`Cannot alter ${kind} '${name}': ALTER operations are not supported on source ${kind}s.`);
  if (existing.createdBy !== undefined)
    refuse('ALTER command is not supported for CREATE ... AS statements. Replace its query with CREATE OR REPLACE.');
  const added = statement.columns.map((column, i): Column => {
    const columnName = column.name.text;
    if (isPseudoColumn(columnName)) throw new SqlError('RESERVED_COLUMN', column.name.span, { column: columnName });
    const twice = statement.columns.findIndex((other) => other.name.text === columnName) !== i;
    if (twice || spec.schema.some((column) => column.name === columnName))
      refuse(
        `Cannot add column \`${columnName}\` to schema. A column with the same name already exists.`,
        column.name.span,
      );
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
  // Later INSERTs write the new columns, so a schema with them is registered.
  const valueFormat = { ...spec.valueFormat, wrap: true, schema: undefined };
  const complete = await withSchemas(
    {
      ...spec,
      schema,
      valueFormat: format.registered === undefined ? { ...spec.valueFormat, wrap: true } : valueFormat,
    },
    engine,
    false,
    statement.name.span,
  );
  const source = {
    ...existing,
    spec: { ...complete, keyFormat: spec.keyFormat },
    statement: text,
    declared: [...(existing.declared ?? []), existing.statement],
  };
  const running = catalog.exportsOf(name);
  const exported = await exportsFor(
    complete,
    running.map(({ plan }) => exportIn(plan)),
    engine.nextQueryNumber,
    statement.name.span,
    execution,
  );
  const number = await distributeSource({ v: 1, kind: 'createSource', source, query: undefined }, exported, distribute);
  const word = spec.kind === 'STREAM' ? 'Stream' : 'Table';
  return currentStatus(
    text,
    `${word.toLowerCase()}/\`${name}\`/alter`,
    `${word} ${name} altered: ${added.map((column) => `${column.name} ${typeText(column.type)}`).join(', ')}`,
    number,
  );
};

/** Sets a property for every session of every node from now on. */
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
