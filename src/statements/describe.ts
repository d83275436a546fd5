import { requireModel, requireSource, requireView } from '../bind/context.ts';
import type { SourceObject } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { requireVersion } from './alter-model.ts';
import { routeInfo, trafficOf } from './model-info.ts';
import { isSecretOption } from '../extensions/providers.ts';
import type { Engine } from '../engine/engine.ts';
import { signaturesOf } from '../functions/define.ts';
import { findFunction } from '../functions/registry.ts';
import { suggestedFunction } from '../functions/other-names.ts';
import { paramTypeText } from '../functions/signature.ts';
import { aggregateSets } from '../plan/physical/step.ts';
import type { Describe } from '../syntax/statements/describe.ts';
import { featureViewInfo } from './feature-view-info.ts';
import { describeMonitor } from './monitors.ts';
import { offsetSummaries } from './offset-summaries.ts';
import { describeService } from './feature-services.ts';
import { schemaInfo } from './schema-info.ts';
import { describeTrainingSet } from './training-sets.ts';
import { describeView } from './views.ts';
import { entity, type Entity, type Execution, type Handler } from './handler.ts';

export async function describeSource(
  engine: Engine,
  { spec, statement, featureView, readOnly, connector }: SourceObject,
  extended: boolean,
): Promise<Record<string, unknown>> {
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
  const status = writers.map(({ id }) => engine.node.status(id)).filter((report) => report !== undefined);
  const sets = [...new Set(writers.flatMap(({ plan }) => aggregateSets(plan)))];
  const total = (field: 'recordsOut' | 'errors'): number => status.reduce((sum, report) => sum + report[field], 0);
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
    queryOffsetSummaries: extended ? await offsetSummaries(engine, writers) : [],
    sourceConstraints: [],
    clusterStatistics: [],
    clusterErrorStats: [],
    isSource: readOnly,
    ...(sets.length === 0 ? {} : { aggregates: sets.join(', ') }),
    ...(featureView === undefined ? {} : { featureView }),
    ...(connector === undefined ? {} : { connector }),
  };
}

export const describe: Handler<Describe> = (statement, execution) =>
  Promise.resolve(describers[statement.what](statement, execution));

const describers: {
  readonly [K in Describe['what']]: (statement: Describe, execution: Execution) => Entity | Promise<Entity>;
} = {
  source: async (statement, execution) => {
    const { engine, text } = execution;
    const view = engine.catalog.views.get(statement.name!.text);
    if (view !== undefined) return describeView(view, execution);
    const source = requireSource(engine.catalog, statement.name!);
    return entity('sourceDescription', text, {
      warnings: (source.leftOut ?? []).map((message) => ({ message })),
      sourceDescription: await describeSource(engine, source, statement.extended),
    });
  },
  'FEATURE VIEW': async (statement, { engine, text }) => {
    const view = requireView(engine.catalog, statement.name!);
    return entity('sourceDescription', text, {
      sourceDescription: {
        ...(await describeSource(engine, view, statement.extended)),
        featureView: await featureViewInfo(view, engine, statement.extended),
      },
    });
  },
  'FEATURE SERVICE': (statement, { engine, text }) => describeService(statement.name!, engine, text),
  MONITOR: (statement, execution) => describeMonitor(statement.name!, execution),
  'TRAINING SET': (statement, execution) => describeTrainingSet(statement.name!, execution),
  STREAMS: (statement, execution) => all('STREAM', statement, execution),
  TABLES: (statement, execution) => all('TABLE', statement, execution),
  FUNCTION: (statement, { text }) => {
    const name = statement.name!.text;
    const fn = findFunction(name);
    if (fn === undefined)
      throw new SqlError('FUNCTION_NOT_FOUND', statement.name!.span, {
        name,
        suggestion: suggestedFunction(name),
      });
    const functions = signaturesOf(fn).map(({ overload: { params, returns }, isStandard }) => ({
      argumentTypes: params.map(({ type }) => paramTypeText(type)),
      arguments: params.map(({ name: each, type, variadic }) => ({
        name: each,
        type: paramTypeText(type),
        description: '',
        isVariadic: variadic,
      })),
      returnType: typeof returns === 'function' ? 'depends on the arguments' : paramTypeText(returns),
      description: isStandard ? `With OVER and in feature views. ${fn.doc}` : fn.doc,
    }));
    return entity('describe_function', text, {
      name,
      description: fn.doc,
      author: fn.author ?? 'Millrace',
      version: fn.version ?? '',
      path: fn.path ?? '',
      type: fn.kind.toUpperCase(),
      functions,
    });
  },
  MODEL: async (statement, { engine, text }) => {
    const model = requireModel(engine.catalog, statement.name!);
    const wanted =
      statement.version === undefined ? undefined : requireVersion(model, statement.version, statement.span);
    const traffic = trafficOf(model, (await engine.models?.stats()) ?? []);
    const versions = model.versions
      .filter(({ version }) => wanted === undefined || version === wanted)
      .map(({ version, options, takes }) => ({
        version,
        // What each output column is in the model; null when the model was not looked at.
        takes: takes === undefined ? null : Object.fromEntries(model.output.map(({ name }, i) => [name, takes[i]])),
        options: Object.fromEntries(
          Object.entries(options).map(([key, value]) => [key, isSecretOption(key) ? '[hidden]' : value]),
        ),
        ...traffic.get(version),
      }));
    const columns = (list: typeof model.input): unknown[] =>
      list.map((column) => ({ name: column.name, schema: schemaInfo(column.type) }));
    return entity('model_description', text, {
      name: model.name,
      input: columns(model.input),
      output: columns(model.output),
      defaultVersion: model.defaultVersion,
      aliases: model.aliases ?? {},
      route: routeInfo(model),
      versions,
      comment: model.comment ?? null,
    });
  },
};

async function all(kind: 'STREAM' | 'TABLE', statement: Describe, { engine, text }: Execution): Promise<Entity> {
  const sources = [...engine.catalog.sources.values()].filter(({ spec }) => spec.kind === kind);
  return entity('source_descriptions', text, {
    sourceDescriptions: await Promise.all(sources.map((source) => describeSource(engine, source, statement.extended))),
  });
}
