import type { PersistentOptions, PersistentQuery } from '../analysis/persistent.ts';
import type { AnalyzedQuery, QueryPurpose } from '../analysis/context.ts';
import { analyzeQuery } from '../analysis/query.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { lower } from '../plan/physical/lower.ts';
import { planVersion, type PhysicalPlan, type SinkSpec } from '../plan/physical/step.ts';
import { optimize } from '../plan/rules/index.ts';
import type { LogicalNode } from '../plan/logical/node.ts';
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

/** A query whose rows go to a client. */
export function planTransient(
  query: QueryNode,
  catalog: Catalog,
  purpose: QueryPurpose,
  session: Session,
): { analyzed: AnalyzedQuery; plan: PhysicalPlan } {
  const analyzed = analyzeQuery(query, catalog, {
    purpose,
    suppressEnabled: session.read('ksql.suppress.enabled'),
  });
  return { analyzed, plan: physicalPlan(analyzed.plan, undefined) };
}

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
