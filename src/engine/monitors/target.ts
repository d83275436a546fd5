import { requireModel, requireSource } from '../../bind/context.ts';
import type { Catalog, SourceObject } from '../../catalog/catalog.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import { allSteps, modelCall } from '../../plan/physical/step.ts';
import type { CreateMonitor } from '../../syntax/statements/monitors.ts';
import { closest } from '../../util/closest.ts';

/** The columns by which the rows of an invocation tell of it. */
export const modelColumns = {
  version: 'MODEL_VERSION',
  error: 'MODEL_ERROR',
  latency: 'MODEL_LATENCY_MS',
  defaultUsed: 'MODEL_DEFAULT_USED',
} as const;

/** The source that a monitor reads: its target, or what the target fills. */
export function targetOf(statement: CreateMonitor, catalog: Catalog): SourceObject {
  const { target } = statement;
  const { kind, name } = target;
  if (kind === 'MODEL') return modelTarget(statement, catalog);
  if (kind === 'QUERY') {
    const query = catalog.queries.get(name.text);
    const filled = query && catalog.sources.get(query.sink);
    if (filled !== undefined) return filled;
    throw new SqlError('QUERY_NOT_FOUND', name.span, {
      id: name.text,
      suggestion: closest(name.text, catalog.queries.keys()),
    });
  }
  const object = requireSource(catalog, name);
  const actual = object.featureView !== undefined ? 'FEATURE VIEW' : object.spec.kind;
  if (kind !== actual && !(actual === 'FEATURE VIEW' && kind === object.spec.kind))
    throw new SqlError('WRONG_SOURCE_KIND', name.span, {
      name: name.text,
      expected: kind.toLowerCase(),
      actual: actual.toLowerCase(),
    });
  return object;
}

/** The stream that the one query fills that invokes the model and keeps what its invocation tells. */
function modelTarget({ name, target }: CreateMonitor, catalog: Catalog): SourceObject {
  const { name: model } = requireModel(catalog, target.name);
  const { queries, sources } = catalog;
  const told = new Set<string>(Object.values(modelColumns));
  const scored = [...queries.values()]
    .filter(({ plan }) => allSteps(plan.root).some((step) => modelCall(step)?.model === model))
    .flatMap(({ sink }) => sources.get(sink) ?? [])
    .filter(({ spec }) => spec.kind === 'STREAM' && spec.schema.some((column) => told.has(column.name)));
  const [only, ...others] = [...new Set(scored)];
  if (only !== undefined && others.length === 0) return only;
  throw new SqlError('MONITOR_INVALID', target.span, {
    name: name.text,
    why:
      only === undefined
        ? `no stream has what calls of ${model} tell: ${Object.values(modelColumns).join(', ')}`
        : `several streams have what calls of ${model} tell: ${scored.map(({ spec }) => spec.name).join(', ')}`,
    hint:
      only === undefined
        ? 'CREATE STREAM … AS SELECT …, p.model_version, p.model_error, p.model_latency_ms FROM … INVOKE MODEL … AS p.'
        : 'Say which: ON STREAM name.',
  });
}
