import { requireView } from '../bind/context.ts';
import { Properties } from '../bind/properties.ts';
import type { FeatureView, QueryObject } from '../catalog/catalog.ts';
import { optionTable } from '../config/option.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { AlterFeatureView } from '../syntax/statements/alter-feature-view.ts';
import { currentStatus, warning, type Handler } from './handler.ts';
import { alterableOptions, catalogued, viewOptions } from './view-options.ts';

const options = optionTable(...alterableOptions);
const names = new Set<string>(options.names);

/**
 * ALTER FEATURE VIEW … SET: what does not change its rows. Its query goes on where it was; with another TTL or FRESHNESS it, and what
 * writes its store, begin again there.
 */
export const alterFeatureView: Handler<AlterFeatureView> = async (statement, { engine, text, distribute }) => {
  const { catalog } = engine;
  const { text: name } = statement.name;
  if (statement.ifExists && catalog.sources.get(name)?.featureView === undefined)
    return warning(text, `Feature view ${name} does not exist.`);
  const existing = requireView(catalog, statement.name);
  if (statement.properties.length === 0)
    throw new SqlError('ALTER_REFUSED', statement.span, { name, why: 'SET has nothing', hint: hintOf() });
  for (const { name: option, span } of statement.properties)
    if (!names.has(option) && viewOptions.find(option) !== undefined)
      throw new SqlError('ALTER_REFUSED', span, {
        name,
        why: `${option} is what its rows or their places hang on`,
        hint: `${hintOf()} Drop the view and create it again for others.`,
      });
  const properties = new Properties(statement.properties, options, statement.span);
  const former = existing.featureView!;
  const ttlMs = properties.has('TTL') ? properties.required('TTL') : former.ttlMs;
  const freshnessTargetMs = properties.has('FRESHNESS') ? properties.required('FRESHNESS') : former.freshnessTargetMs;
  const featureView: FeatureView = {
    ...former,
    ttlMs,
    comment: properties.has('COMMENT') ? properties.read('COMMENT') : former.comment,
    options: { ...former.options, ...catalogued(properties) },
    ...(freshnessTargetMs === undefined ? {} : { freshnessTargetMs }),
  };
  const isAsBefore = ttlMs === former.ttlMs && freshnessTargetMs === former.freshnessTargetMs;
  // The query that fills it may have been terminated.
  const filling = isAsBefore ? undefined : catalog.queries.get(existing.createdBy!);
  const query = filling && withTtl(filling, ttlMs);
  const exporters = isAsBefore ? [] : catalog.exportsOf(existing.spec.name).map((each) => withTtl(each, ttlMs));
  const source = { ...existing, featureView };
  const number = await distribute({
    v: 1,
    kind: 'createSource',
    source,
    query,
    ...(exporters.length === 0 ? {} : { exporters }),
  });
  const set = statement.properties.map(({ name: option }) => option).join(', ');
  return currentStatus(text, `feature_view/${name}/alter`, `Feature view ${name} has another ${set}.`, number);
};

const hintOf = (): string => `ALTER FEATURE VIEW sets ${[...names].join(', ')}; CREATE OR REPLACE makes a new version.`;

/** A query with the TTL in its plan, where its plan has one. */
function withTtl(query: QueryObject, ttlMs: number | undefined): QueryObject {
  const { plan } = query;
  if (plan.online !== undefined) return { ...query, plan: { ...plan, online: { ...plan.online, ttlMs } } };
  return plan.entityKey === undefined ? query : { ...query, plan: { ...plan, entityTtlMs: ttlMs } };
}
