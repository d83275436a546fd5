import type { Name } from './expressions.ts';
import { isQuery, type QueryNode, type SourceNode } from './query.ts';

interface Found {
  readonly sources: Set<string>;
  readonly models: Set<string>;
  readonly files: Set<string>;
}

/**
 * The sources and models that a query names, in all of its parts: joins, subqueries wherever they stand, WITH and UNION. Names of
 * WITH are no sources.
 */
export function sourcesIn(query: QueryNode): {
  readonly sources: readonly string[];
  readonly models: readonly string[];
  /** The paths of FILE. */
  readonly files: readonly string[];
} {
  const found: Found = { sources: new Set(), models: new Set(), files: new Set() };
  visit(query, new Set(), found);
  return { sources: [...found.sources], models: [...found.models], files: [...found.files] };
}

function visit(query: QueryNode, outer: ReadonlySet<string>, found: Found): void {
  const names = new Set(outer);
  // A query of WITH sees those before it.
  for (const named of query.with) {
    visit(named.query, names, found);
    names.add(named.name.text);
  }
  const relations: readonly SourceNode[] = [query.from, ...query.joins.map(({ source }) => source)];
  for (const { name, query: subquery, file } of relations)
    if (file !== undefined) found.files.add(file);
    else if (subquery === undefined && !names.has(name.text)) found.sources.add(name.text);
  for (const { model } of query.invokes) found.models.add(model.text);
  // Without recursion: expressions may be deeper than the stack.
  const { with: _named, ...parts } = query;
  const left: unknown[] = Object.values(parts);
  for (let value = left.pop(); left.length > 0 || value !== undefined; value = left.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    if (Array.isArray(value)) left.push(...(value as unknown[]));
    else if (isQuery(value)) visit(value, names, found);
    else {
      noteModel(value, found.models);
      for (const [key, part] of Object.entries(value)) if (key !== 'span') left.push(part);
    }
  }
}

/** The models that expressions call. */
export function modelsIn(items: readonly object[]): string[] {
  const models = new Set<string>();
  const left: unknown[] = [...items];
  for (let value = left.pop(); left.length > 0 || value !== undefined; value = left.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    noteModel(value, models);
    for (const [key, part] of Object.entries(value)) if (key !== 'span') left.push(part);
  }
  return [...models];
}

function noteModel(node: object, models: Set<string>): void {
  const { kind, model } = node as { kind?: unknown; model?: Name };
  if (kind === 'invoke') models.add(model!.text);
}
