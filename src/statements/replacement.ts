import type { FeatureView, QueryObject, SourceObject } from '../catalog/catalog.ts';
import type { Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { Engine } from '../engine/engine.ts';
import type { SourceSpec } from '../specs/source.ts';
import { schemaText } from '../types/schema.ts';
import { sameData } from '../util/same-data.ts';

/** The source that a statement would put in the place of an existing one. */
interface Replacement {
  readonly spec: SourceSpec;
  readonly view: FeatureView | undefined;
}

/** The kind of a source in messages: stream, table or feature view. */
export const wordOf = ({ spec, featureView }: Pick<SourceObject, 'spec' | 'featureView'>): string =>
  featureView === undefined ? spec.kind.toLowerCase() : 'feature view';

/** The query whose plan OR REPLACE changes; the result may only get additional columns. */
export function replacedQuery(existing: SourceObject, next: Replacement, span: Span, engine: Engine): QueryObject {
  const query = existing.createdBy === undefined ? undefined : engine.catalog.queries.get(existing.createdBy);
  if (query === undefined)
    throw new SqlError('REPLACE_REFUSED', span, {
      name: existing.spec.name,
      why: 'no query fills it, and one cannot begin to',
    });
  checkReplacement({ ...existing, createdBy: undefined }, next, span);
  return query;
}

const unregistered = ({ schema: _schema, ...format }: SourceSpec['keyFormat']): object => format;

/**
 * ksqlDB's rules for replacing a source: the same topic and key, and only appended value columns. A feature view keeps its
 * entity columns too.
 */
export function checkReplacement(existing: SourceObject, { spec, view }: Replacement, span: Span): void {
  const refuse = (why: string): never => {
    throw new SqlError('REPLACE_REFUSED', span, { name: spec.name, why });
  };
  const old = existing.spec;
  const differs = (what: string, before: string, after: string): string =>
    `Cannot upgrade data source: DataSource '${spec.name}' has ${what} = ${before} which is not upgradeable to ${after}`;
  if (existing.readOnly) refuse('SOURCE objects cannot be replaced');
  if (existing.createdBy !== undefined) refuse('it is filled by a query');
  if (old.kind !== spec.kind || (existing.featureView === undefined) !== (view === undefined))
    refuse(`it is a ${wordOf(existing)}`);
  if (old.topic !== spec.topic) refuse(differs('topic', old.topic, spec.topic));
  if (
    !sameData(
      [unregistered(old.keyFormat), unregistered(old.valueFormat), old.window],
      [unregistered(spec.keyFormat), unregistered(spec.valueFormat), spec.window],
    )
  )
    refuse('its formats differ');
  if (!sameData(old.timestamp, spec.timestamp)) refuse('its timestamp column differs');
  const role = (schema: typeof spec.schema, isKey: boolean): string[] =>
    schema.filter((column) => (column.role === 'key') === isKey).map((column) => schemaText([column]));
  if (role(old.schema, true).join() !== role(spec.schema, true).join())
    refuse(`${differs('schema', schemaText(old.schema), schemaText(spec.schema))}. (Key columns must be identical.)`);
  const [before, after] = [role(old.schema, false), role(spec.schema, false)];
  const changed = before.filter((text, i) => after[i] !== text);
  if (changed.length > 0)
    refuse(
      `${differs('schema', schemaText(old.schema), schemaText(spec.schema))}. (The following columns are changed, missing or reordered: [${changed.join(', ')}])`,
    );
  if (view === undefined) return;
  // Rows in the entity store are kept by the entity key and feature time that they were written with.
  if (view.entityKey.join() !== existing.featureView!.entityKey.join()) refuse('its ENTITY KEY differs');
  if (view.timestamp !== existing.featureView!.timestamp) refuse('its TIMESTAMP differs');
}
