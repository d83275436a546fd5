import { sinkFor } from '../../analysis/persistent.ts';
import { sinkOptions } from '../../analysis/source-options.ts';
import { ColumnIds, requireModel, requireSource } from '../../bind/context.ts';
import { Properties } from '../../bind/properties.ts';
import { windowOf } from '../../bind/window.ts';
import type { Catalog, SourceObject } from '../../catalog/catalog.ts';
import { optionTable } from '../../config/option.ts';
import type { Span } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import type { Expr } from '../../expressions/node.ts';
import * as build from '../../plan/logical/build.ts';
import { metricFunctions } from '../../runtime/monitor/metrics.ts';
import type { MonitorSpec } from '../../specs/monitor.ts';
import type { SourceSpec } from '../../specs/source.ts';
import type { Name } from '../../syntax/expressions.ts';
import type { QueryNode } from '../../syntax/query.ts';
import type { CreateMonitor } from '../../syntax/statements/monitors.ts';
import type { Column } from '../../types/schema.ts';
import { BIGINT, DOUBLE, STRING, type SqlType } from '../../types/sql-type.ts';
import { closest } from '../../util/closest.ts';
import type { Engine } from '../engine.ts';
import { persistentOptions, type LogicalQuery } from '../plan-query.ts';
import type { Session } from '../session.ts';
import { readBaseline } from './baseline.ts';
import { bindChecks } from './checks.ts';
import { labelledInput, plainInput, type LabelSource } from './input.ts';
import { MetricList } from './metric-list.ts';
import { monitorOptions } from './options.ts';
import { schemaTexts } from './schema-change.ts';
import { modelColumns, targetOf } from './target.ts';

/** The columns of the rows that tell of a monitor. */
export const monitorColumns: readonly {
  readonly name: string;
  readonly type: SqlType;
  readonly role: 'key' | 'value';
}[] = (
  [
    ['MONITOR', STRING],
    ['TARGET', STRING],
    ['SEGMENT', STRING],
    ['WINDOW_START', BIGINT],
    ['WINDOW_END', BIGINT],
    ['CONSTRAINT', STRING],
    ['METRIC', STRING],
    ['COLUMN', STRING],
    ['VALUE', DOUBLE],
    ['THRESHOLD', DOUBLE],
    ['BASELINE_ID', STRING],
    ['ROW_COUNT', BIGINT],
    ['LABEL_COVERAGE', DOUBLE],
    ['SEVERITY', STRING],
    ['STATE', STRING],
  ] as const
).map(([name, type], i) => ({ name, type, role: i === 0 ? 'key' : 'value' }));

/** A planned monitor, and what its creator should know. */
export interface PlannedMonitor {
  readonly query: QueryNode;
  readonly planned: LogicalQuery;
  readonly warnings: readonly string[];
}

/** Plans CREATE MONITOR: the query that measures its target, and the stream that it fills. */
export async function planMonitor(statement: CreateMonitor, engine: Engine, session: Session): Promise<PlannedMonitor> {
  const { name, target, baseline, properties, span } = statement;
  const { catalog } = engine;
  const object = targetOf(statement, catalog);
  const own = properties.filter((property) => monitorOptions.find(property.name) !== undefined);
  const options = new Properties(properties, optionTable(...monitorOptions.options, ...sinkOptions.options), span);
  const segments = segmentsOf(statement, object);
  const metrics = new MetricList(name.text, object.spec.schema, baseline !== undefined);
  const checks = bindChecks(statement.checks, metrics, refusal(statement));
  const labels = labelsOf(statement, options, object, metrics, catalog);
  const read = await readBaseline(statement, metrics.columns, options.read('BINS'), engine, session);
  const spec: MonitorSpec<Expr> = {
    name: name.text,
    target: `${target.kind} ${target.name.text}${target.version === undefined ? '' : ` VERSION ${target.version}`}`,
    window: windowSpec(statement),
    columns: metrics.columns.map((column, i) => ({
      name: column.name,
      as: column.as,
      edges: read?.columns[i]?.edges,
      keepsValues: column.keepsValues || (column.isCompared && read === undefined && column.as === 'number'),
      baseline: read?.columns[i]?.stats,
    })),
    metrics: metrics.list,
    checks,
    baselineId: baselineText(statement),
    previousWindows: baseline?.kind === 'PREVIOUS' ? baseline.windows : undefined,
    baselineSegment: baseline?.kind === 'MODEL' ? versionOf(baseline, catalog) : undefined,
    onlySegment: target.kind === 'MODEL' && target.version !== undefined ? versionOf(target, catalog) : undefined,
    bins: options.read('BINS'),
    minRows: options.read('MIN_ROWS'),
    labelWithinMs: labels?.withinMs,
    tickMs: options.read('TICK'),
    schema: metrics.list.some(({ fn }) => fn === 'SCHEMA_UNCHANGED') ? schemaTexts(object.spec) : undefined,
    schemaChange: undefined,
  };
  const ids = new ColumnIds();
  const columns = [...new Set([...segments, ...metrics.columns.map((column) => column.name)])];
  const input =
    labels === undefined ? plainInput(object, catalog, ids) : labelledInput(object, columns, labels, catalog, ids);
  const logical = build.monitor(input.node, {
    segments: segments.map(input.column),
    values: metrics.columns.map((column) => input.column(column.name)),
    time: input.time,
    label: input.label,
    score: input.score,
    spec,
    columns: monitorColumns.map((column) => ({ ...column, id: ids.next() })),
  });
  const filled = sinkFor(
    { kind: 'STREAM', name: name.text, properties: properties.filter((each) => !own.includes(each)), span },
    monitorColumns,
    { shape: 'STREAM', windowed: undefined, windowSizeMs: undefined, partitions: 1 },
    object.spec,
    persistentOptions(session, 'standard'),
  );
  const isFew = read !== undefined && read.rows < spec.minRows && metrics.columns.some(({ isCompared }) => isCompared);
  const warnings = isFew
    ? [`The baseline has ${read.rows} rows, and MIN_ROWS is ${spec.minRows}: DRIFT says INSUFFICIENT_DATA.`]
    : [];
  return { query: input.query, planned: { query: input.bound, ...filled, plan: logical }, warnings };
}

const refusal =
  ({ name }: CreateMonitor) =>
  (why: string, at: Span, hint?: string): never => {
    throw new SqlError('MONITOR_INVALID', at, { name: name.text, why, hint });
  };

function requireColumn({ schema }: SourceSpec, column: string, at: Span): Column {
  const found = schema.find((each) => each.name === column);
  if (found !== undefined) return found;
  const candidates = schema.map((each) => each.name);
  throw new SqlError('COLUMN_NOT_FOUND', at, { column, candidates, suggestion: closest(column, candidates) });
}

/** The columns whose values are segments; versions of a model are, where one is looked at or compared with. */
function segmentsOf(statement: CreateMonitor, { spec }: SourceObject): string[] {
  const { segments, target, baseline } = statement;
  const refuse = refusal(statement);
  const written = segments.map(({ text, span }) => requireColumn(spec, text, span).name);
  const isByVersion = baseline?.kind === 'MODEL' || (target.kind === 'MODEL' && target.version !== undefined);
  if (!isByVersion) return written;
  const at = baseline?.kind === 'MODEL' ? baseline.span : target.span;
  if (written.length === 0 && spec.schema.some((column) => column.name === modelColumns.version))
    return [modelColumns.version];
  if (written.length !== 1)
    refuse(
      `versions are compared in segments, and ${spec.name} has no column ${modelColumns.version} to be segmented by`,
      at,
      `SELECT p.model_version in the query that fills it.`,
    );
  return written;
}

/** The version that a name or number means, as the text of a segment. */
function versionOf(
  { name, version }: { readonly name: Name; readonly version: string | undefined },
  catalog: Catalog,
): string {
  const model = requireModel(catalog, name);
  if (version === undefined) return String(model.defaultVersion);
  return String(model.aliases?.[version] ?? version);
}

function windowSpec(statement: CreateMonitor): MonitorSpec<Expr>['window'] {
  const { window, baseline, span } = statement;
  const refuse = refusal(statement);
  const { type, sizeMs, advanceMs, graceMs } = windowOf(
    window ?? { kind: 'TUMBLING', size: defaultSize, advance: undefined, retention: undefined, grace: undefined, span },
    true,
  );
  if (type !== 'TUMBLING' && type !== 'HOPPING')
    refuse(`its windows are TUMBLING or HOPPING, not ${type}`, window!.span);
  if (baseline?.kind === 'PREVIOUS' && (baseline.windows < 1 || baseline.windows > 1000))
    refuse('PREVIOUS takes 1 to 1000 windows', baseline.span);
  return { sizeMs, advanceMs, graceMs };
}

type MonitorProperties = Properties<
  (typeof monitorOptions)['options'][number] | (typeof sinkOptions)['options'][number]
>;
const labelOptions = ['LABEL_STREAM', 'LABEL_KEY', 'LABEL', 'SCORE'] as const;
const labelTypes = new Set(['BOOLEAN', 'INTEGER', 'BIGINT', 'DOUBLE', 'DECIMAL']);

/** Where labels come from; undefined for a monitor that needs none. */
function labelsOf(
  statement: CreateMonitor,
  options: MonitorProperties,
  object: SourceObject,
  metrics: MetricList,
  catalog: Catalog,
): LabelSource | undefined {
  const needing = metrics.list.find(({ fn }) => metricFunctions[fn]?.needsLabels === true);
  const given = labelOptions.find((each) => options.has(each));
  if (needing === undefined) {
    if (given !== undefined) options.refuse(given, 'no check compares with labels');
    return undefined;
  }
  const stream = options.required('LABEL_STREAM');
  const key = options.required('LABEL_KEY');
  const label = options.required('LABEL');
  const score = options.required('SCORE');
  const source = requireSource(catalog, { text: stream, span: options.span('LABEL_STREAM') });
  if (source.spec.kind !== 'STREAM') options.refuse('LABEL_STREAM', 'it is a table');
  if (object.spec.kind !== 'STREAM') refusal(statement)('labels come to the rows of a stream', statement.target.span);
  requireColumn(object.spec, key, options.span('LABEL_KEY'));
  requireColumn(source.spec, key, options.span('LABEL_KEY'));
  for (const [option, column] of [
    ['SCORE', requireColumn(object.spec, score, options.span('SCORE'))],
    ['LABEL', requireColumn(source.spec, label, options.span('LABEL'))],
  ] as const)
    if (!labelTypes.has(column.type.kind)) options.refuse(option, 'it must be a number or a truth value');
  return { stream: source, key, label, score, withinMs: options.read('LABEL_WITHIN') };
}

const defaultSize = { ms: 300_000, text: '5 MINUTES' };

function baselineText({ baseline }: CreateMonitor): string | null {
  switch (baseline?.kind) {
    case undefined:
      return null;
    case 'TRAINING SET':
      return `TRAINING SET ${baseline.name.text}`;
    case 'STREAM':
      return `STREAM ${baseline.name.text} FROM ${baseline.from} TO ${baseline.to}`;
    case 'MODEL':
      return `MODEL ${baseline.name.text} VERSION ${baseline.version ?? 'DEFAULT'}`;
    case 'PREVIOUS':
      return `PREVIOUS ${baseline.windows} WINDOWS`;
    case 'QUERY':
      return 'QUERY';
  }
}
