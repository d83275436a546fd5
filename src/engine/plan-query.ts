import {
  bindCreateAs,
  bindInsertSelect,
  type PersistentOptions,
  type PersistentQuery,
} from '../analysis/persistent.ts';
import { ColumnIds, type BindOptions, type QueryPurpose } from '../bind/context.ts';
import { boundSource } from '../bind/from.ts';
import { bindQuery } from '../bind/query.ts';
import type { BoundQuery } from '../bound/query.ts';
import { reference } from '../bound/rows.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { lower } from '../plan/physical/lower.ts';
import { inOrder, planVersion, type PhysicalPlan, type SinkSpec } from '../plan/physical/step.ts';
import { optimize, rules } from '../plan/rules/index.ts';
import type { FirstRows } from '../plan/rules/nearest.ts';
import { logicalPlan } from '../plan/logical/from-bound.ts';
import type { LogicalNode, LogicalSource } from '../plan/logical/node.ts';
import * as build from '../plan/logical/build.ts';
import type { DatagenSpec } from '../specs/datagen.ts';
import type { ExportSpec } from '../specs/exports.ts';
import type { SourceSpec } from '../specs/source.ts';
import type { QueryNode } from '../syntax/query.ts';
import type { Session } from './session.ts';

/** The physical plan of a logical plan. */
export function physicalPlan(logical: LogicalNode, sink: SinkSpec | undefined, first?: FirstRows): PhysicalPlan {
  const { plan, fired } = optimize(logical, rules, first);
  return {
    version: planVersion,
    root: lower(plan),
    shape: plan.shape,
    windowed: plan.windowed,
    sink,
    rules: fired,
  };
}

export function sinkOf({ sink }: PersistentQuery): SinkSpec {
  const { topic, keyFormat, valueFormat, window, timestamp, partitions } = sink;
  return { topic, keyFormat, valueFormat, window, timestamp, partitions };
}

/** Binds a query and makes its logical plan. */
export function planQuery(
  query: QueryNode,
  catalog: Catalog,
  options: BindOptions,
): { readonly bound: BoundQuery; readonly plan: LogicalNode } {
  const bound = bindQuery(query, catalog, options);
  return { bound, plan: logicalPlan(bound) };
}

/** A source with all of its columns, including pseudo columns that `*` leaves out. */
export const wholeSource = (spec: SourceSpec): LogicalSource =>
  build.source(boundSource(spec, spec.name, undefined, new ColumnIds()));

/** The plan behind CREATE SOURCE TABLE: materialises the table's columns and ROWTIME. */
export function sourceTablePlan(spec: SourceSpec): PhysicalPlan {
  const ids = new ColumnIds();
  const bound = boundSource(spec, spec.name, undefined, ids);
  const { columns } = bound.rows;
  const time = columns.find(({ name }, slot) => slot >= spec.schema.length && name === 'ROWTIME')!;
  const outputs = [...columns.slice(0, spec.schema.length), time].map((column) => ({
    id: ids.next(),
    name: column.name,
    expr: reference(column),
    role: column.role,
  }));
  return physicalPlan(build.project(build.source(bound), outputs), undefined);
}

/** The plan that makes a source's rows: one task makes them, that which reads the one partition of the topic `clock`. */
export function datagenPlan(spec: SourceSpec, datagen: DatagenSpec, clock: string): PhysicalPlan {
  const columns = spec.schema.map(
    ({ name, type, role }) => ({ name, type, role: role === 'key' ? role : 'value' }) as const,
  );
  const source: SourceSpec = { ...spec, name: 'clock', topic: clock, schema: [], timestamp: undefined, partitions: 1 };
  const { topic, keyFormat, valueFormat, window, timestamp, partitions } = spec;
  return {
    version: planVersion,
    root: {
      op: 'datagen',
      v: 1,
      id: 'Datagen-2',
      columns,
      input: { op: 'streamSource', v: 1, id: 'Source-1', columns: [], source, reads: [] },
      spec: datagen,
    },
    shape: 'STREAM',
    windowed: undefined,
    sink: { topic, keyFormat, valueFormat, window, timestamp, partitions },
    rules: [],
  };
}

/** The plan that gives every record of a source, with all pseudo columns. */
export const wholePlan = (spec: SourceSpec): PhysicalPlan => physicalPlan(wholeSource(spec), undefined);

/** The plan that writes a source's records elsewhere. A table is read as a stream: all of its changes are history. */
export const exportPlan = (spec: SourceSpec, to: ExportSpec): PhysicalPlan => ({
  ...wholePlan({ ...spec, kind: 'STREAM' }),
  ...to,
});

/** The plan of a query whose rows go to a client; `ofOneTime`: of what tables hold now, `first`: of which of them. */
export function planTransient(
  query: QueryNode,
  catalog: Catalog,
  purpose: QueryPurpose,
  session: Session,
  ofOneTime = false,
  first?: FirstRows,
): { readonly bound: BoundQuery; readonly logical: LogicalNode; readonly plan: PhysicalPlan } {
  const suppressEnabled = session.read('ksql.suppress.enabled');
  const { bound, plan: logical } = planQuery(query, catalog, {
    purpose,
    suppressEnabled,
    joinWaitMs: session.read('millrace.join.wait.ms'),
    // What ksqlDB has no pull query for gives what SQL says.
    aggregates: purpose === 'pull' ? 'standard' : 'ksqldb',
    ofOneTime,
  });
  const plan = physicalPlan(logical, undefined, first);
  return { bound, logical, plan: { ...plan, root: inOrder(plan.root) } };
}

/** A query whose rows go to a topic, with its logical plan. */
export interface LogicalQuery extends PersistentQuery {
  readonly plan: LogicalNode;
}
const planned = (query: PersistentQuery): LogicalQuery => ({ ...query, plan: logicalPlan(query.query) });

/** CREATE STREAM or TABLE … AS SELECT: the query and the source that it fills. */
export const planCreateAs = (...args: Parameters<typeof bindCreateAs>): LogicalQuery => planned(bindCreateAs(...args));

/** INSERT INTO … SELECT: the query and the source that it writes to. */
export const planInsertSelect = (...args: Parameters<typeof bindInsertSelect>): LogicalQuery =>
  planned(bindInsertSelect(...args));

export function persistentOptions(session: Session, aggregates: PersistentOptions['aggregates']): PersistentOptions {
  return {
    aggregates,
    joinWaitMs: session.read('millrace.join.wait.ms'),
    suppressEnabled: session.read('ksql.suppress.enabled'),
    topicPrefix: session.read('ksql.output.topic.name.prefix'),
    defaults: sourceDefaults(session),
  };
}

export function sourceDefaults(session: Session): PersistentOptions['defaults'] {
  return {
    keyFormat: session.read('ksql.persistence.default.format.key'),
    valueFormat: session.read('ksql.persistence.default.format.value'),
    wrapSingles: session.read('ksql.persistence.wrap.single.values'),
  };
}
