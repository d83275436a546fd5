import type { Catalog } from '../catalog/catalog.ts';
import { cast } from '../bind/coerce.ts';
import { ColumnIds, type BindOptions } from '../bind/context.ts';
import { bindQuery } from '../bind/query.ts';
import type { BoundQuery, BoundRelation } from '../bound/query.ts';
import { keysOf, projected, reference, valuesOf, type Output, type RowColumn } from '../bound/rows.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { Span } from '../diagnostics/source.ts';
import { argumentType } from '../expressions/compile.ts';
import { findFormat, keylessFormat } from '../formats/index.ts';
import { overloadsOf } from '../functions/define.ts';
import { findAggregate } from '../functions/registry.ts';
import { resolveOverload } from '../functions/resolve.ts';
import type { ExportSpec } from '../specs/exports.ts';
import type { FormatSpec, SourceSpec } from '../specs/source.ts';
import type { AggregateSetName, WindowSpec } from '../specs/window.ts';
import type { PropertyNode, QueryNode } from '../syntax/query.ts';
import { implicitlyCastable } from '../types/casts.ts';
import { keyColumns, valueColumns, type Schema } from '../types/schema.ts';
import { sameType, typeText } from '../types/sql-type.ts';
import { timestampOf, type SourceDefaults } from './create-source.ts';
import { exportsOf } from './export-options.ts';
import { chooseFormats } from './format-choice.ts';
import { Properties, type PropertiesOf } from '../bind/properties.ts';
import { retentionOf, type Retention } from './retention.ts';
import { sinkOptions, type WaitProperties } from './source-options.ts';
import { isTemporal } from '../bind/temporal.ts';

export interface PersistentQuery {
  readonly query: BoundQuery;
  readonly sink: SourceSpec;
  readonly retention: Retention;
  readonly replicas: number | undefined;
  /** How long its rows can be joined as of former times. */
  readonly historyMs: number | undefined;
  /** STATE_TTL: how long the query remembers keys. */
  readonly stateTtl: StateTtl | undefined;
  /** Where its rows go besides the topic. */
  readonly exports: readonly ExportSpec[];
}

export interface StateTtl {
  readonly ms: number;
  /** Refuses it, for a reason. */
  readonly refuse: (why: string) => never;
}

export interface PersistentOptions {
  readonly suppressEnabled: boolean;
  readonly aggregates: AggregateSetName;
  readonly joinWaitMs: number | undefined;
  readonly topicPrefix: string;
  readonly defaults: SourceDefaults;
}

const bindOptions = ({ suppressEnabled, aggregates, joinWaitMs }: PersistentOptions): BindOptions => ({
  joinWaitMs,
  purpose: 'persistent',
  suppressEnabled,
  aggregates,
});

interface Target {
  readonly kind: 'STREAM' | 'TABLE';
  readonly name: string;
  readonly properties: readonly PropertyNode[];
  readonly span: Span;
}

/** CREATE STREAM or TABLE … AS SELECT: the bound query and the source that it fills. */
export function bindCreateAs(
  target: Target,
  query: QueryNode,
  catalog: Catalog,
  options: PersistentOptions,
): PersistentQuery {
  const properties = new Properties(target.properties, sinkOptions, target.span);
  const joinWaitMs = waitOf(properties, query) ?? options.joinWaitMs;
  const bound = bindQuery(query, catalog, bindOptions({ ...options, joinWaitMs }));
  const { rows } = bound;
  if (target.kind === 'STREAM' && rows.shape === 'TABLE')
    throw new SqlError('NOT_A_STREAM', query.span, {
      why:
        query.distinct !== undefined
          ? 'rows are told once'
          : query.groupBy === undefined
            ? 'its source is a table'
            : 'it aggregates',
    });
  if (target.kind === 'TABLE' && rows.shape === 'STREAM')
    throw new SqlError('NOT_A_TABLE', query.span, { why: 'its rows are not grouped by a key' });
  const schema: Schema = [...keysOf(rows.columns), ...valuesOf(rows.columns)].map(({ name, type, role }) => ({
    name,
    type,
    role,
  }));
  const inherited = bound.leftmost;
  const filled = sinkFor(
    target,
    schema,
    { shape: rows.shape, windowed: rows.windowed, windowSizeMs: bound.windowSizeMs, partitions: inherited.partitions },
    inherited,
    options,
  );
  checkStates(bound, filled.sink.valueFormat, query.span);
  return { query: bound, ...filled };
}

/** What is written to a topic beside its columns. */
interface WrittenRows {
  readonly shape: 'STREAM' | 'TABLE';
  readonly windowed: WindowSpec['type'] | undefined;
  readonly windowSizeMs: number | undefined;
  readonly partitions: number;
}

/** The source that a query with these columns fills, from its options; formats that they do not name are those of `inherited`. */
export function sinkFor(
  target: Target,
  schema: Schema,
  rows: WrittenRows,
  inherited: { readonly keyFormat: FormatSpec; readonly valueFormat: FormatSpec },
  options: PersistentOptions,
): Omit<PersistentQuery, 'query'> {
  const properties = new Properties(target.properties, sinkOptions, target.span);
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
    keysOnly: rows.shape === 'TABLE',
  });
  const retention = retentionOf(properties, rows.shape === 'TABLE' && rows.windowed === undefined);
  const sink: SourceSpec = {
    name: target.name,
    kind: target.kind,
    topic: properties.read('KAFKA_TOPIC') ?? options.topicPrefix + target.name,
    schema,
    keyFormat: formats.key,
    valueFormat: formats.value,
    window: rows.windowed === undefined ? undefined : { type: rows.windowed, sizeMs: rows.windowSizeMs },
    timestamp: timestampOf(properties, schema),
    partitions: properties.read('PARTITIONS') ?? rows.partitions,
  };
  return {
    sink,
    retention,
    replicas: properties.read('REPLICAS'),
    historyMs: properties.read('HISTORY'),
    stateTtl: stateTtlOf(properties),
    exports: exportsOf(properties, sink),
  };
}

function stateTtlOf(properties: PropertiesOf<(typeof sinkOptions)['options'][number]>): StateTtl | undefined {
  const ms = properties.read('STATE_TTL');
  if (ms === undefined) return undefined;
  if (ms === 0) properties.refuse('STATE_TTL', 'it must be longer than nothing');
  return { ms, refuse: (why) => properties.refuse('STATE_TTL', why) };
}

/** JOIN_WAIT of a query, which must have a join that waits. */
export function waitOf(properties: WaitProperties, query: QueryNode): number | undefined {
  if (properties.has('JOIN_WAIT') && !joinsAsOf(query))
    properties.refuse('JOIN_WAIT', 'the query joins nothing FOR SYSTEM_TIME AS OF');
  return properties.read('JOIN_WAIT');
}

/** Whether a query or one in it joins as of a time. */
const joinsAsOf = ({ from, joins, with: parts, union }: QueryNode): boolean =>
  joins.some(isTemporal) ||
  [from, ...joins.map(({ source }) => source)].some(({ query }) => query !== undefined && joinsAsOf(query)) ||
  [...parts.map(({ query }) => query), ...union].some(joinsAsOf);

/** ksqlDB's rule: the value format must be able to hold the aggregates' state. (Here state is never written in that format.) */
function checkStates({ selects: [select, ...others] }: BoundQuery, value: FormatSpec, span: Span): void {
  if (others.length > 0 || select!.joins.length > 0) return;
  const { format } = value;
  const { grouping } = select!;
  for (const { fn, args, type } of grouping?.aggregates ?? []) {
    const overload = resolveOverload(overloadsOf(findAggregate(fn)!, grouping!.set), args.map(argumentType))?.overload;
    const state = overload?.stateType?.({ args: args.map((arg) => arg.type), returns: type, constants: [] });
    if (state !== undefined && findFormat(format)?.refuses([{ name: fn, type: state }], 'value') !== undefined)
      throw new SqlError('FORMAT_TYPE', span, { format, column: fn, type: typeText(state) });
  }
  const from: BoundRelation = select!.from;
  if (from.kind === 'subquery') checkStates(from.query, value, span);
}

/** INSERT INTO … SELECT: the bound query and the source that it writes to. */
export function bindInsertSelect(
  target: SourceSpec,
  query: QueryNode,
  catalog: Catalog,
  options: PersistentOptions,
): PersistentQuery {
  const ids = new ColumnIds();
  const bound = bindQuery(query, catalog, bindOptions(options), ids);
  const { rows } = bound;
  const refuse = (why: string): never => {
    const hint =
      query.distinct === undefined ? undefined : 'Distinct rows are a table: CREATE TABLE name AS SELECT DISTINCT ….';
    throw new SqlError('INSERT_COLUMNS', query.span, { why, hint });
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
    retention: { ms: undefined, bytes: undefined },
    replicas: undefined,
    historyMs: undefined,
    stateTtl: undefined,
    exports: [],
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
  // A UNION ALL has a projection over the whole result: the casts go there.
  const byId = new Map(bound.result.map((output) => [output.id, output]));
  const result = outputs.map((output, i): Output => ({
    ...output,
    expr: cast(byId.get(have[i]!.id)!.expr, wanted[i]!.type),
  }));
  return { ...bound, result, rows: projected(bound.rows, result) };
}
