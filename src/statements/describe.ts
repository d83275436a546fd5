import { requireSource } from '../bind/context.ts';
import type { SourceObject } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { isSecretOption } from '../config/model-options.ts';
import type { Engine } from '../engine/engine.ts';
import { findFunction } from '../functions/registry.ts';
import { suggestedFunction } from '../functions/other-names.ts';
import { paramTypeText } from '../functions/signature.ts';
import type { Describe } from '../syntax/statements/describe.ts';
import type { SqlType } from '../types/sql-type.ts';
import { closest } from '../util/closest.ts';
import { requireView } from './feature-views.ts';
import { entity, type Entity, type Execution, type Handler } from './handler.ts';

/** A type as ksqlDB's REST API writes it. */
export function schemaInfo(type: SqlType): Record<string, unknown> {
  const base = { type: type.kind, fields: null as unknown, memberSchema: null as unknown };
  switch (type.kind) {
    case 'DECIMAL':
      return { ...base, parameters: { precision: type.precision, scale: type.scale } };
    case 'ARRAY':
      return { ...base, memberSchema: schemaInfo(type.element) };
    case 'MAP':
      return { ...base, memberSchema: schemaInfo(type.value) };
    case 'STRUCT':
      return { ...base, fields: type.fields.map((field) => ({ name: field.name, schema: schemaInfo(field.type) })) };
    default:
      return base;
  }
}

export function describeSource(
  engine: Engine,
  { spec, statement, featureView, readOnly, connector }: SourceObject,
  extended: boolean,
): Record<string, unknown> {
  const { catalog } = engine;
  const brief = (queries: ReturnType<typeof catalog.queriesReading>): unknown[] =>
    queries.map(({ id, sink, statement: queryString }) => ({
      queryString,
      sinks: [sink],
      id,
      queryType: 'PERSISTENT',
      state: engine.node.status(id)?.state ?? 'RUNNING',
    }));
  const writers = catalog.queriesWriting(spec.name);
  const status = writers.map(({ id }) => engine.node.status(id)).filter((each) => each !== undefined);
  const total = (field: 'recordsOut' | 'errors'): number => status.reduce((sum, each) => sum + each[field], 0);
  return {
    name: spec.name,
    windowType: spec.window?.type ?? null,
    readQueries: brief(catalog.queriesReading(spec.name)),
    writeQueries: brief(writers),
    fields: spec.schema.map((column) => ({
      name: column.name,
      schema: schemaInfo(column.type),
      ...(column.role === 'value' ? {} : { type: column.role.toUpperCase() }),
      ...(column.headerKey === undefined ? {} : { headerKey: column.headerKey }),
    })),
    type: spec.kind,
    timestamp: spec.timestamp?.column ?? '',
    statistics: extended ? `messages written: ${total('recordsOut')}` : '',
    errorStats: extended ? `errors: ${total('errors')}` : '',
    extended,
    keyFormat: spec.keyFormat.format,
    valueFormat: spec.valueFormat.format,
    topic: spec.topic,
    partitions: extended ? spec.partitions : 0,
    replication: extended ? 1 : 0,
    statement,
    queryOffsetSummaries: [],
    sourceConstraints: [],
    clusterStatistics: [],
    clusterErrorStats: [],
    isSource: readOnly,
    ...(featureView === undefined ? {} : { featureView }),
    ...(connector === undefined ? {} : { connector }),
  };
}

export const describe: Handler<Describe> = (statement, execution) =>
  Promise.resolve(describers[statement.what](statement, execution));

const describers: { readonly [K in Describe['what']]: (statement: Describe, execution: Execution) => Entity } = {
  source: (statement, { engine, text }) => {
    const found = requireSource(engine.catalog, statement.name!);
    return entity('sourceDescription', text, { sourceDescription: describeSource(engine, found, statement.extended) });
  },
  'FEATURE VIEW': (statement, { engine, text }) => {
    const found = requireView(engine.catalog, statement.name!);
    return entity('sourceDescription', text, { sourceDescription: describeSource(engine, found, statement.extended) });
  },
  STREAMS: (statement, execution) => all('STREAM', statement, execution),
  TABLES: (statement, execution) => all('TABLE', statement, execution),
  FUNCTION: (statement, { text }) => {
    const name = statement.name!.text;
    const found = findFunction(name);
    if (found === undefined)
      throw new SqlError('FUNCTION_NOT_FOUND', statement.name!.span, {
        name,
        suggestion: suggestedFunction(name),
      });
    const functions = found.overloads.map(({ params, returns }) => ({
      argumentTypes: params.map(({ type }) => paramTypeText(type)),
      arguments: params.map(({ name: each, type, variadic }) => ({
        name: each,
        type: paramTypeText(type),
        description: '',
        isVariadic: variadic,
      })),
      returnType: typeof returns === 'function' ? 'depends on the arguments' : paramTypeText(returns),
      description: found.doc,
    }));
    return entity('describe_function', text, {
      name,
      description: found.doc,
      author: found.author ?? 'Millrace',
      version: found.version ?? '',
      path: found.path ?? '',
      type: found.kind.toUpperCase(),
      functions,
    });
  },
  MODEL: (statement, { engine, text }) => {
    const name = statement.name!.text;
    const found = engine.catalog.models.get(name);
    if (found === undefined)
      throw new SqlError('MODEL_NOT_FOUND', statement.name!.span, {
        name,
        suggestion: closest(name, engine.catalog.models.keys()),
      });
    const versions = found.versions
      .filter(({ version }) => statement.version === undefined || String(version) === statement.version)
      .map(({ version, options }) => ({
        version,
        options: Object.fromEntries(
          Object.entries(options).map(([key, value]) => [key, isSecretOption(key) ? '[hidden]' : value]),
        ),
      }));
    const columns = (list: typeof found.input): unknown[] =>
      list.map((column) => ({ name: column.name, schema: schemaInfo(column.type) }));
    return entity('model_description', text, {
      name,
      input: columns(found.input),
      output: columns(found.output),
      defaultVersion: found.defaultVersion,
      versions,
      comment: found.comment ?? null,
    });
  },
};

function all(kind: 'STREAM' | 'TABLE', statement: Describe, { engine, text }: Execution): Entity {
  const found = [...engine.catalog.sources.values()].filter(({ spec }) => spec.kind === kind);
  return entity('source_descriptions', text, {
    sourceDescriptions: found.map((each) => describeSource(engine, each, statement.extended)),
  });
}
