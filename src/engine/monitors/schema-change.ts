import type { QueryObject } from '../../catalog/catalog.ts';
import type { SourceSpec } from '../../specs/source.ts';
import { typeText } from '../../types/sql-type.ts';

/** The columns of a source, as they are compared. */
export const schemaTexts = ({ schema }: SourceSpec): string[] =>
  schema.map(({ name, type, role }) => `${name} ${typeText(type)}${role === 'key' ? ' KEY' : ''}`);

/** The query of a monitor that knows what has become of its target's columns; undefined where that is nothing new to it. */
export function afterSchemaChange(query: QueryObject, spec: SourceSpec): QueryObject | undefined {
  const { root } = query.plan;
  if (root.op !== 'monitor' || root.spec.schema === undefined || query.sources[0] !== spec.name) return undefined;
  const before = root.spec.schema;
  const now = schemaTexts(spec);
  const gone = before.filter((column) => !now.includes(column)).map((column) => `-${column}`);
  const added = now.filter((column) => !before.includes(column)).map((column) => `+${column}`);
  const schemaChange = [...gone, ...added].join(', ') || undefined;
  if (schemaChange === root.spec.schemaChange) return undefined;
  return { ...query, plan: { ...query.plan, root: { ...root, spec: { ...root.spec, schemaChange } } } };
}
