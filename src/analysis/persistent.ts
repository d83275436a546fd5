import type { Catalog } from '../catalog/catalog.ts';
import { cast } from '../bind/coerce.ts';
import { ColumnIds } from '../bind/context.ts';
import { bindQuery } from '../bind/query.ts';
import type { BoundQuery, BoundRelation } from '../bound/query.ts';
import { keysOf, projected, reference, valuesOf, type Output, type RowColumn } from '../bound/rows.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { Span } from '../diagnostics/source.ts';
import { argumentType } from '../expressions/compile.ts';
import { findFormat, keylessFormat } from '../formats/index.ts';
import { findAggregate } from '../functions/registry.ts';
import { resolveOverload } from '../functions/resolve.ts';
import type { FormatSpec, SourceSpec } from '../specs/source.ts';
import type { PropertyNode, QueryNode } from '../syntax/query.ts';
import { implicitlyCastable } from '../types/casts.ts';
import { keyColumns, valueColumns, type Schema } from '../types/schema.ts';
import { sameType, typeText } from '../types/sql-type.ts';
import { timestampOf, type SourceDefaults } from './create-source.ts';
import { chooseFormats } from './format-choice.ts';
import { Properties } from '../bind/properties.ts';
import { sinkOptions } from './source-options.ts';

export interface PersistentQuery {
  readonly query: BoundQuery;
  readonly sink: SourceSpec;
  readonly retentionMs: number | undefined;
  readonly replicas: number | undefined;
}

export interface PersistentOptions {
  readonly suppressEnabled: boolean;
  readonly topicPrefix: string;
  readonly defaults: SourceDefaults;
}

interface Target {
  readonly kind: 'STREAM' | 'TABLE';
  readonly name: string;
  readonly properties: readonly PropertyNode[];
  readonly span: Span;
}

/** CREATE STREAM or TABLE … AS SELECT: the query, and the source that it fills. */
export function bindCreateAs(
  target: Target,
  query: QueryNode,
  catalog: Catalog,
  options: PersistentOptions,
): PersistentQuery {
  const bound = bindQuery(query, catalog, { purpose: 'persistent', suppressEnabled: options.suppressEnabled });
  const { rows } = bound;
  if (target.kind === 'STREAM' && rows.shape === 'TABLE')
    throw new SqlError('NOT_A_STREAM', query.span, {
      why: query.groupBy === undefined ? 'its source is a table' : 'it aggregates',
    });
  if (target.kind === 'TABLE' && rows.shape === 'STREAM')
    throw new SqlError('NOT_A_TABLE', query.span, { why: 'its rows are not grouped by a key' });
  const schema: Schema = [...keysOf(rows.columns), ...valuesOf(rows.columns)].map(({ name, type, role }) => ({
    name,
    type,
    role,
  }));
  const properties = new Properties(target.properties, sinkOptions, target.span);
  const inherited = bound.leftmost;
  const formats = chooseFormats(properties, schema, {
    inherited: {
      key:
        inherited.keyFormat.format === keylessFormat
          ? { ...inherited.keyFormat, format: options.defaults.keyFormat }
          : inherited.keyFormat,
      value: inherited.valueFormat,
    },
    defaultKey: options.defaults.keyFormat,
    defaultValue: undefined,
    wrapSingles: options.defaults.wrapSingles,
  });
  checkStates(bound, formats.value, query.span);
  if (properties.has('RETENTION_MS') && rows.shape === 'TABLE' && rows.windowed === undefined)
    properties.refuse('RETENTION_MS', "a table's topic is compacted and keeps its rows");
  const sink: SourceSpec = {
    name: target.name,
    kind: target.kind,
    topic: properties.read('KAFKA_TOPIC') ?? options.topicPrefix + target.name,
    schema,
    keyFormat: formats.key,
    valueFormat: formats.value,
    window: rows.windowed === undefined ? undefined : { type: rows.windowed, sizeMs: bound.windowSizeMs },
    timestamp: timestampOf(properties, schema),
    partitions: properties.read('PARTITIONS') ?? inherited.partitions,
  };
  return {
    query: bound,
    sink,
    retentionMs: properties.read('RETENTION_MS'),
    replicas: properties.read('REPLICAS'),
  };
}

/** ksqlDB's rule: the format must be able to hold what aggregates remember, though their state is never written in it here. */
function checkStates({ selects: [select, ...others] }: BoundQuery, value: FormatSpec, span: Span): void {
  if (others.length > 0 || select!.joins.length > 0) return;
  const { format } = value;
  for (const { fn, args, type } of select!.grouping?.aggregates ?? []) {
    const overload = resolveOverload(findAggregate(fn)!.overloads, args.map(argumentType))?.overload;
    const state = overload?.stateType?.({ args: args.map((arg) => arg.type), returns: type, constants: [] });
    if (state !== undefined && findFormat(format)?.refuses([{ name: fn, type: state }], 'value') !== undefined)
      throw new SqlError('FORMAT_TYPE', span, { format, column: fn, type: typeText(state) });
  }
  const from: BoundRelation = select!.from;
  if (from.kind === 'subquery') checkStates(from.query, value, span);
}

/** INSERT INTO … SELECT: the query, and the existing source that it adds to. */
export function bindInsertSelect(
  target: SourceSpec,
  query: QueryNode,
  catalog: Catalog,
  options: PersistentOptions,
): PersistentQuery {
  const ids = new ColumnIds();
  const bound = bindQuery(query, catalog, { purpose: 'persistent', suppressEnabled: options.suppressEnabled }, ids);
  const { rows } = bound;
  const refuse = (why: string): never => {
    throw new SqlError('INSERT_COLUMNS', query.span, { why });
  };
  if (target.schema.some(({ role }) => role === 'header'))
    throw new SqlError('INSERT_VALUES', query.span, { why: `"${target.name}" has header columns` });
  if (target.kind !== rows.shape)
    refuse(`it gives a ${rows.shape.toLowerCase()}, and "${target.name}" is a ${target.kind.toLowerCase()}`);
  if (target.kind === 'TABLE') refuse('rows can be inserted into streams only');
  const parts = [
    { role: 'key', have: keysOf(rows.columns), want: keyColumns(target.schema) },
    { role: 'value', have: valuesOf(rows.columns), want: valueColumns(target.schema) },
  ] as const;
  for (const { role, have, want } of parts) {
    if (have.length !== want.length) refuse(`it has ${have.length} ${role} columns, the target ${want.length}`);
    have.forEach(({ name, type }, i) => {
      if (name !== want[i]!.name && role === 'value')
        refuse(`its ${role} column ${i + 1} is ${name}, the target's ${want[i]!.name}`);
      if (name !== want[i]!.name) refuse(`its key column is ${name}, the target's ${want[i]!.name}`);
      if (!sameType(type, want[i]!.type) && !implicitlyCastable(type, want[i]!.type))
        refuse(`column ${name} is ${typeText(type)}, the target's ${typeText(want[i]!.type)}`);
    });
  }
  const wanted = [...keyColumns(target.schema), ...valueColumns(target.schema)];
  const have = [...keysOf(rows.columns), ...valuesOf(rows.columns)];
  const exact = wanted.every(({ type }, i) => sameType(type, have[i]!.type));
  return {
    query: exact ? bound : converted(bound, wanted, have, ids),
    sink: target,
    retentionMs: undefined,
    replicas: undefined,
  };
}

/** The query with its columns cast to those of the target. */
function converted(bound: BoundQuery, wanted: Schema, have: readonly RowColumn[], ids: ColumnIds): BoundQuery {
  const outputs = wanted.map(({ name, type, role }, i): Output => ({
    id: ids.next(),
    name,
    expr: cast(reference(have[i]!), type),
    role: role === 'key' ? 'key' : 'value',
  }));
  if (bound.result === undefined) return { ...bound, result: outputs, rows: projected(bound.rows, outputs) };
  // The last projection of UNION ALL is cast in its place.
  const byId = new Map(bound.result.map((output) => [output.id, output]));
  const result = outputs.map((output, i): Output => ({
    ...output,
    expr: cast(byId.get(have[i]!.id)!.expr, wanted[i]!.type),
  }));
  return { ...bound, result, rows: projected(bound.rows, result) };
}
