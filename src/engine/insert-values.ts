import { cast } from '../bind/coerce.ts';
import { emptyOf } from '../bind/empties.ts';
import { typeConstant } from '../bind/typer.ts';
import type { SourceObject } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { Span } from '../diagnostics/source.ts';
import { compileExpression } from '../expressions/compile.ts';
import { constantExpr, type BoundExpr } from '../expressions/node.ts';
import { DecodeError } from '../formats/define.ts';
import type { StepColumn } from '../plan/physical/steps/base.ts';
import type { SourceSpec } from '../specs/source.ts';
import { Change } from '../runtime/change.ts';
import type { ProducedRecord } from '../runtime/ports/node.ts';
import { SinkEncoder } from '../runtime/sink-encoder.ts';
import { EvaluationError } from '../types/numbers.ts';
import type { ExpressionNode, Name } from '../syntax/expressions.ts';
import { castBetween, implicitlyCastable } from '../types/casts.ts';
import { isPseudoColumn, type Column } from '../types/schema.ts';
import { BIGINT, sameType, typeText, type SqlType, type Value } from '../types/sql-type.ts';
import { closest } from '../util/closest.ts';

/**
 * Whether rows may be inserted: not into a SOURCE (read-only), and not into a feature view, whose entities are served from its
 * query's state.
 */
export const isWritable = ({ readOnly, featureView }: SourceObject): boolean => !readOnly && featureView === undefined;

/** The record that INSERT INTO … VALUES writes. Types convert as in ksqlDB: numbers widen, strings become times and bytes. */
export function insertedRecord(
  source: SourceSpec,
  names: readonly Name[],
  values: readonly ExpressionNode[],
  types: ReadonlyMap<string, SqlType>,
  span: Span,
): ProducedRecord {
  const columns = targetColumns(source, names, span);
  if (columns.length !== values.length)
    throw new SqlError('INSERT_VALUES', span, {
      why: `${columns.length} columns need ${columns.length} values, not ${values.length}`,
    });
  const byName = new Map<string, Value>();
  columns.forEach(({ name, type }, i) => byName.set(name, constant(values[i]!, type, name, types)));
  return recordOf(source, byName, span);
}

/** The record of values given by column name; missing values are NULL. A table needs all its key columns. */
export function recordOf(source: SourceSpec, values: ReadonlyMap<string, Value>, span: Span): ProducedRecord {
  const columns = source.schema.filter(({ role }) => role !== 'header');
  const row = columns.map(({ name }) => values.get(name) ?? null);
  const key = row.filter((_, i) => columns[i]!.role === 'key');
  if (source.kind === 'TABLE' && key.includes(null))
    throw new SqlError('INSERT_VALUES', span, { why: 'a table row needs its whole primary key' });
  const timestamp = values.get('ROWTIME') ?? Date.now();
  if (Number(timestamp) < 0) throw new SqlError('INSERT_VALUES', span, { why: 'ROWTIME is negative' });
  if (!Number.isSafeInteger(timestamp)) throw new SqlError('INSERT_VALUES', span, { why: 'ROWTIME is out of range' });
  const written = columns.map(
    ({ name, type, role }) => ({ name, type, role: role === 'key' ? role : 'value' }) as const,
  );
  const change = new Change(key, undefined, row, Number(timestamp), 0);
  const { key: keyBytes, value } = encoded(source, written, change, span);
  return { key: keyBytes, value, timestamp: Number(timestamp), partition: undefined };
}

/** The tombstone for a key, given by column name. */
export function tombstoneOf(
  source: SourceSpec,
  key: ReadonlyMap<string, ExpressionNode>,
  types: ReadonlyMap<string, SqlType>,
  span: Span,
): ProducedRecord {
  const columns = source.schema.filter(({ role }) => role === 'key');
  const row = columns.map(({ name, type }) => constant(key.get(name)!, type, name, types));
  if (row.includes(null)) throw new SqlError('DELETE_REFUSED', span, { why: 'no row has a null in its key' });
  const keys = columns.map(({ name, type }) => ({ name, type, role: 'key' }) as const);
  const now = Date.now();
  const { key: keyBytes } = encoded(source, keys, new Change(row, undefined, undefined, now, 0), span);
  return { key: keyBytes, value: null, timestamp: now, partition: undefined };
}

/** Encodes a change; what the topic's schema cannot hold is an error of the statement: a column's type, or this value. */
function encoded(
  source: SourceSpec,
  columns: readonly StepColumn[],
  change: Change,
  span: Span,
): ReturnType<SinkEncoder['encode']> {
  try {
    return new SinkEncoder({ ...source, timestamp: undefined, partitions: 1 }, columns).encode(change);
  } catch (error) {
    if (error instanceof DecodeError)
      throw new SqlError('SCHEMA_REFUSED', span, { subject: source.topic, why: error.message });
    if (!(error instanceof EvaluationError)) throw error;
    throw new SqlError('INSERT_VALUES', span, { why: error.message });
  }
}

function targetColumns(source: SourceSpec, names: readonly Name[], span: Span): { name: string; type: SqlType }[] {
  const headers = source.schema.filter(({ role }) => role === 'header');
  if (names.length === 0) {
    if (headers.length > 0)
      throw new SqlError('INSERT_VALUES', span, {
        why: `header column "${headers[0]!.name}" cannot be written: list the other columns`,
      });
    return source.schema.map(({ name, type }) => ({ name, type }));
  }
  const known = source.schema.map(({ name }) => name);
  return names.map(({ text, span: at }, i) => {
    if (names.findIndex((other) => other.text === text) !== i)
      throw new SqlError('DUPLICATE_COLUMN', at, { column: text });
    if (text === 'ROWTIME') return { name: text, type: BIGINT };
    if (isPseudoColumn(text))
      throw new SqlError('INSERT_VALUES', at, { why: `pseudo column "${text}" cannot be written` });
    const column: Column | undefined = source.schema.find(({ name }) => name === text);
    if (column === undefined)
      throw new SqlError('COLUMN_NOT_FOUND', at, { column: text, candidates: known, suggestion: closest(text, known) });
    if (column.role === 'header')
      throw new SqlError('INSERT_VALUES', at, { why: `header column "${text}" cannot be written` });
    return { name: text, type: column.type };
  });
}

/** The value of an expression without columns, converted to the column's type; throws when that is impossible. */
export function constant(
  node: ExpressionNode,
  type: SqlType,
  name: string,
  types: ReadonlyMap<string, SqlType>,
): Value {
  // A struct without fields is taken as the column's struct with all fields NULL.
  if (node.kind === 'struct' && node.fields.length === 0 && type.kind === 'STRUCT') return type.fields.map(() => null);
  const expr = emptyOf(node, type) ?? typeConstant(node, types, 'VALUES');
  if (!insertable(expr, type))
    throw new SqlError('INSERT_VALUES', node.span, {
      why: `column "${name}" is ${typeText(type)}, the value ${typeText(expr.type)}`,
    });
  let failure: unknown;
  const value = compileExpression(constantExpr(cast(expr, type)), (error) => (failure = error))([]);
  if (failure !== undefined)
    throw new SqlError('INSERT_VALUES', node.span, { why: `column "${name}": ${(failure as Error).message}` });
  return value;
}

function insertable(expr: BoundExpr, type: SqlType): boolean {
  if (expr.kind === 'literal' && expr.value === null) return true;
  const from = expr.type;
  if (sameType(from, type) || implicitlyCastable(from, type)) return true;
  if (from.kind === 'STRING') return ['DATE', 'TIME', 'TIMESTAMP', 'BYTES'].includes(type.kind);
  const numbers = ['INTEGER', 'BIGINT', 'DECIMAL'];
  if (type.kind === 'DECIMAL' && numbers.includes(from.kind)) return true;
  return (
    ['ARRAY', 'MAP', 'STRUCT'].includes(from.kind) && from.kind === type.kind && castBetween(from, type) !== undefined
  );
}
