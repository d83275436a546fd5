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
import { planVersion, type PhysicalPlan, type SinkSpec } from '../plan/physical/step.ts';
import { optimize } from '../plan/rules/index.ts';
import { logicalPlan } from '../plan/logical/from-bound.ts';
import type { LogicalNode, LogicalSource } from '../plan/logical/node.ts';
import * as build from '../plan/logical/build.ts';
import type { SourceSpec } from '../specs/source.ts';
import type { QueryNode } from '../syntax/query.ts';
import type { Session } from './session.ts';

/** The physical plan of a logical one. */
export function physicalPlan(logical: LogicalNode, sink: SinkSpec | undefined): PhysicalPlan {
  const { plan, fired } = optimize(logical);
  return {
    version: planVersion,
    root: lower(plan, sink === undefined),
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

/** A query bound and as a logical plan. */
export function planQuery(
  query: QueryNode,
  catalog: Catalog,
  options: BindOptions,
): { readonly bound: BoundQuery; readonly plan: LogicalNode } {
  const bound = bindQuery(query, catalog, options);
  return { bound, plan: logicalPlan(bound) };
}

/** A source with all of its columns, those that it only can be asked for too. */
export const wholeSource = (spec: SourceSpec): LogicalSource =>
  build.source(boundSource(spec, spec.name, undefined, new ColumnIds()));

/** The rows of a table as CREATE SOURCE TABLE holds them: its columns and their time. */
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

/** A query whose rows go to a client. */
export function planTransient(
  query: QueryNode,
  catalog: Catalog,
  purpose: QueryPurpose,
  session: Session,
): { readonly bound: BoundQuery; readonly logical: LogicalNode; readonly plan: PhysicalPlan } {
  const suppressEnabled = session.read('ksql.suppress.enabled');
  const { bound, plan: logical } = planQuery(query, catalog, { purpose, suppressEnabled });
  return { bound, logical, plan: physicalPlan(logical, undefined) };
}

/** A query whose rows go to a topic, with its logical plan. */
export interface LogicalQuery extends PersistentQuery {
  readonly plan: LogicalNode;
}
const planned = (query: PersistentQuery): LogicalQuery => ({ ...query, plan: logicalPlan(query.query) });

/** CREATE STREAM or TABLE … AS SELECT: the query, and the source that it fills. */
export const planCreateAs = (...args: Parameters<typeof bindCreateAs>): LogicalQuery => planned(bindCreateAs(...args));

/** INSERT INTO … SELECT: the query, and the existing source that it adds to. */
export const planInsertSelect = (...args: Parameters<typeof bindInsertSelect>): LogicalQuery =>
  planned(bindInsertSelect(...args));

export function persistentOptions(session: Session): PersistentOptions {
  return {
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
