import type { Catalog } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { Span } from '../diagnostics/source.ts';
import { column } from '../expressions/node.ts';
import { argumentType } from '../expressions/compile.ts';
import { findFormat } from '../formats/index.ts';
import { findAggregate } from '../functions/registry.ts';
import { resolveOverload } from '../functions/resolve.ts';
import type { FormatSpec, SourceSpec } from '../plan/formats.ts';
import { project } from '../plan/logical/build.ts';
import { keysOf, valuesOf, windowSizeOf, type LogicalNode } from '../plan/logical/node.ts';
import type { PropertyNode, QueryNode } from '../syntax/query.ts';
import { implicitlyCastable } from '../types/casts.ts';
import { keyColumns, valueColumns, type Schema } from '../types/schema.ts';
import { sameType, typeText } from '../types/sql-type.ts';
import { cast } from './coerce.ts';
import { sinkProperties, timestampOf, type SourceDefaults } from './create-source.ts';
import { chooseFormats } from './format-choice.ts';
import { Properties } from './properties.ts';
import type { AnalyzedQuery } from './context.ts';
import { analyzeQuery } from './query.ts';

export interface PersistentQuery {
  readonly analyzed: AnalyzedQuery;
  readonly plan: LogicalNode;
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
export function planCreateAs(
  target: Target,
  query: QueryNode,
  catalog: Catalog,
  options: PersistentOptions,
): PersistentQuery {
  const analyzed = analyzeQuery(query, catalog, { purpose: 'persistent', suppressEnabled: options.suppressEnabled });
  const { plan } = analyzed;
  if (target.kind === 'STREAM' && plan.shape === 'TABLE')
    throw new SqlError('NOT_A_STREAM', query.span, {
      why: query.groupBy === undefined ? 'its source is a table' : 'it aggregates',
    });
  if (target.kind === 'TABLE' && plan.shape === 'STREAM')
    throw new SqlError('NOT_A_TABLE', query.span, { why: 'its rows are not grouped by a key' });
  const schema: Schema = [...keysOf(plan.columns), ...valuesOf(plan.columns)].map(({ name, type, role }) => ({
    name,
    type,
    role,
  }));
  const properties = new Properties(target.properties, sinkProperties, target.span);
  const inherited = analyzed.leftmost.spec;
  const formats = chooseFormats(properties, schema, {
    inherited: {
      key:
        inherited.keyFormat.format === 'NONE'
          ? { ...inherited.keyFormat, format: options.defaults.keyFormat }
          : inherited.keyFormat,
      value: inherited.valueFormat,
    },
    defaultKey: options.defaults.keyFormat,
    defaultValue: undefined,
    wrapSingles: options.defaults.wrapSingles,
  });
  checkStates(plan, formats.value, query.span);
  if (properties.has('RETENTION_MS') && plan.shape === 'TABLE' && plan.windowed === undefined)
    properties.refuse('RETENTION_MS', "a table's topic is compacted and keeps its rows");
  const sink: SourceSpec = {
    name: target.name,
    kind: target.kind,
    topic: properties.text('KAFKA_TOPIC') ?? options.topicPrefix + target.name,
    schema,
    keyFormat: formats.key,
    valueFormat: formats.value,
    window: plan.windowed === undefined ? undefined : { type: plan.windowed, sizeMs: windowSizeOf(plan) },
    timestamp: timestampOf(properties, schema),
    partitions: properties.integer('PARTITIONS') ?? inherited.partitions,
  };
  return {
    analyzed,
    plan,
    sink,
    retentionMs: properties.integer('RETENTION_MS', -1),
    replicas: properties.integer('REPLICAS'),
  };
}

/** ksqlDB's rule: the format must be able to hold what aggregates remember, though their state is never written in it here. */
function checkStates(node: LogicalNode, value: FormatSpec, span: Span): void {
  const { format } = value;
  if (node.kind === 'aggregate') {
    for (const { fn, args, type } of node.aggregates) {
      const overload = resolveOverload(findAggregate(fn)!.overloads, args.map(argumentType))?.overload;
      const state = overload?.stateType?.({ args: args.map((arg) => arg.type), returns: type, constants: [] });
      if (state !== undefined && findFormat(format)?.refuses([{ name: fn, type: state }], 'value') !== undefined)
        throw new SqlError('FORMAT_TYPE', span, { format, column: fn, type: typeText(state) });
    }
  } else if ('input' in node) checkStates(node.input, value, span);
}

/** INSERT INTO … SELECT: the query, and the existing source that it adds to. */
export function planInsertSelect(
  target: SourceSpec,
  query: QueryNode,
  catalog: Catalog,
  options: PersistentOptions,
): PersistentQuery {
  const analyzed = analyzeQuery(query, catalog, { purpose: 'persistent', suppressEnabled: options.suppressEnabled });
  const { plan } = analyzed;
  const refuse = (why: string): never => {
    throw new SqlError('INSERT_COLUMNS', query.span, { why });
  };
  if (target.schema.some(({ role }) => role === 'header'))
    throw new SqlError('INSERT_VALUES', query.span, { why: `"${target.name}" has header columns` });
  if (target.kind !== plan.shape)
    refuse(`it gives a ${plan.shape.toLowerCase()}, and "${target.name}" is a ${target.kind.toLowerCase()}`);
  if (target.kind === 'TABLE') refuse('rows can be inserted into streams only');
  const parts = [
    { role: 'key', have: keysOf(plan.columns), want: keyColumns(target.schema) },
    { role: 'value', have: valuesOf(plan.columns), want: valueColumns(target.schema) },
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
  const have = [...keysOf(plan.columns), ...valuesOf(plan.columns)];
  const exact = wanted.every(({ type }, i) => sameType(type, have[i]!.type));
  const converted = exact
    ? plan
    : project(
        plan,
        wanted.map(({ name, type, role }, i) => ({
          name,
          expr: cast(column(have[i]!.name, have[i]!.type), type),
          role: role === 'key' ? ('key' as const) : ('value' as const),
        })),
      );
  return { analyzed, plan: converted, sink: target, retentionMs: undefined, replicas: undefined };
}
