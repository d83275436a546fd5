import type { Catalog, SourceObject } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { column } from '../expressions/node.ts';
import { project, source as sourceNode } from '../plan/logical/build.ts';
import type { LogicalNode } from '../plan/logical/node.ts';
import type { QueryNode, SourceNode } from '../syntax/query.ts';
import { isPseudoColumn, isWindowBound } from '../types/schema.ts';
import { requireSource, type AnalysisOptions, type AnalyzedQuery } from './context.ts';

import type { ScopeSource } from './scope.ts';

/** What FROM or JOIN names: a source of the catalogue, a query that WITH names, or a subquery. */
export interface Relation {
  readonly alias: string;
  readonly node: LogicalNode;
  readonly scope: ScopeSource;
  /** The sources of the catalogue that it reads. */
  readonly sources: readonly string[];
  /** The source whose formats and partitions a result inherits. */
  readonly leftmost: SourceObject;
}

/** The queries that WITH names, by name; those of outer queries too. */
export type NamedQueries = ReadonlyMap<string, AnalyzedQuery>;

type Analyze = (query: QueryNode, catalog: Catalog, options: AnalysisOptions, named: NamedQueries) => AnalyzedQuery;

/** The relations of FROM and its joins; those of a join have their columns prefixed by their alias. */
export function relationsOf(
  query: QueryNode,
  catalog: Catalog,
  options: AnalysisOptions,
  named: NamedQueries,
  analyze: Analyze,
): Relation[] {
  const used = [query.from, ...query.joins.map((join) => join.source)];
  const aliases = used.map((source) => (source.alias ?? source.name).text);
  used.forEach(({ span }, i) => {
    if (aliases.indexOf(aliases[i]!) !== i) throw new SqlError('JOIN_SELF', span, { source: aliases[i]! });
  });
  return used.map((source, i) => {
    const prefix = used.length > 1 ? `${aliases[i]!}_` : '';
    const inner = innerQuery(source, catalog, options, named, analyze);
    return inner === undefined
      ? fromCatalog(requireSource(catalog, source.name), aliases[i]!, prefix)
      : fromQuery(inner, aliases[i]!, prefix);
  });
}

/** WITH's queries, each of which may use those before it. */
export function namedQueries(
  query: QueryNode,
  catalog: Catalog,
  options: AnalysisOptions,
  outer: NamedQueries,
  analyze: Analyze,
): NamedQueries {
  if (query.with.length === 0) return outer;
  const named = new Map(outer);
  const own = new Set<string>();
  for (const each of query.with) {
    if (own.has(each.name.text)) throw new SqlError('CTE_TWICE', each.name.span, { name: each.name.text });
    own.add(each.name.text);
    named.set(each.name.text, analyze(each.query, catalog, asPart(options), named));
  }
  return named;
}

const asPart = (options: AnalysisOptions): AnalysisOptions => ({ ...options, purpose: 'part' });

function innerQuery(
  source: SourceNode,
  catalog: Catalog,
  options: AnalysisOptions,
  named: NamedQueries,
  analyze: Analyze,
): AnalyzedQuery | undefined {
  if (source.query === undefined) return named.get(source.name.text);
  return analyze(source.query, catalog, asPart(options), named);
}

function fromCatalog(object: SourceObject, alias: string, prefix: string): Relation {
  const node = sourceNode(object.spec, alias, prefix);
  const columns = node.columns.map((each, i) => {
    const name = node.reads[i]!;
    const hidden = isPseudoColumn(name) && !isWindowBound(name);
    return { name, internal: each.name, type: each.type, hidden, isKey: each.role === 'key' };
  });
  return {
    alias,
    node,
    scope: { alias, name: object.spec.name, columns },
    sources: [object.spec.name],
    leftmost: object,
  };
}

function fromQuery({ plan, hidden, sources, leftmost }: AnalyzedQuery, alias: string, prefix: string): Relation {
  const node =
    prefix === ''
      ? plan
      : project(
          plan,
          plan.columns.map(({ name, type, role }) => ({ name: prefix + name, expr: column(name, type), role })),
        );
  const columns = plan.columns.map(({ name, type, role }) => ({
    name,
    internal: prefix + name,
    type,
    hidden: hidden.includes(name) || (isPseudoColumn(name) && !isWindowBound(name)),
    isKey: role === 'key',
  }));
  return { alias, node, scope: { alias, name: alias, columns }, sources, leftmost };
}
