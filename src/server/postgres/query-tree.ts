import type { Engine } from '../../engine/engine.ts';
import type { ColumnNode, ExpressionNode, Name } from '../../syntax/expressions.ts';
import { mapNodes } from '../../syntax/map-nodes.ts';
import { isQuery, type QueryNode, type SourceNode } from '../../syntax/query.ts';
import { sourcesIn } from '../../syntax/sources-in.ts';
import { pseudoColumns } from '../../types/schema.ts';
import { STRING, type SqlType } from '../../types/sql-type.ts';
import { parameterName } from './statement-text.ts';

type Catalog = Engine['catalog'];
type Tree = Readonly<Record<string, unknown>>;

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null;
const isColumn = (value: Tree): value is Tree & ColumnNode => value['kind'] === 'column' && 'qualifier' in value;

/** A copy of a tree with some of its parts replaced; `replace` gives undefined for those that stay. */
const replaced = (query: QueryNode, replace: (part: Tree) => unknown): QueryNode =>
  mapNodes(query, (part) => replace(part as Tree)) as QueryNode;

const visit = (query: QueryNode, see: (part: Tree) => void): void => {
  mapNodes(query, (part) => {
    see(part as Tree);
    return undefined;
  });
};

/** The columns of all sources of a query. */
function columnsOf(query: QueryNode, catalog: Catalog): { readonly name: string; readonly type: SqlType }[] {
  const sources = sourcesIn(query).sources.flatMap((name) => catalog.sources.get(name) ?? []);
  return [...sources.flatMap(({ spec }) => spec.schema), ...pseudoColumns];
}

/** A quoted name that does not exist as it is written, but once in other letters, stands for that. */
function resolved(name: Name, isKnown: (text: string) => boolean, known: Iterable<string>): Name {
  const first = name.span.source.text[name.span.start];
  if ((first !== '"' && first !== '`') || isKnown(name.text)) return name;
  const lower = name.text.toLowerCase();
  const same = [...new Set(known)].filter((text) => text.toLowerCase() === lower);
  return same.length === 1 ? { ...name, text: same[0]! } : name;
}

/** A query with its quoted names as they are stored. */
export function withStoredNames(query: QueryNode, catalog: Catalog): QueryNode {
  const own = new Set<string>();
  visit(query, (part) => {
    if (isQuery(part)) for (const { name } of part.with) own.add(name.text);
    const { alias } = part;
    if (isTree(alias) && typeof alias['text'] === 'string') own.add(alias['text']);
  });
  const sources = [...catalog.sources.keys(), ...catalog.views.keys()];
  const isSource = (text: string): boolean => own.has(text) || catalog.sources.has(text) || catalog.views.has(text);
  const sourceName = (name: Name): Name => resolved(name, isSource, sources);
  const qualifierOf = (name: Name): Name => sourceName(resolved(name, (text) => own.has(text), own));
  const named = replaced(query, (part) => {
    if (!isQuery(part)) return undefined;
    const source = (node: SourceNode): SourceNode =>
      node.query === undefined
        ? { ...node, name: sourceName(node.name) }
        : { ...node, query: withStoredNames(node.query, catalog) };
    const joins = part.joins.map((join) => ({ ...join, source: source(join.source) }));
    const union = part.union.map((query) => withStoredNames(query, catalog));
    return { ...part, from: source(part.from), joins, union };
  });
  const names = columnsOf(named, catalog).map(({ name }) => name);
  const columns = new Set([...names, ...own]);
  return replaced(named, (part) => {
    if (part['kind'] === 'all' && isTree(part['source']))
      return { ...part, source: qualifierOf(part['source'] as unknown as Name) };
    if (!isColumn(part)) return undefined;
    const qualifier = part.qualifier && qualifierOf(part.qualifier);
    return { ...part, qualifier, name: resolved(part.name, (text) => columns.has(text), columns) };
  });
}

const numberOf = (part: unknown): number | undefined => {
  const isParameter = isTree(part) && isColumn(part) && part.qualifier === undefined && part.name.text.startsWith('$');
  const number = isParameter ? Number(part.name.text.slice(1)) : NaN;
  return isParameter && parameterName(number) === part.name.text ? number : undefined;
};

/** A query with its parameters replaced. */
export const withValues = (query: QueryNode, valueOf: (parameter: number) => ExpressionNode): QueryNode =>
  replaced(query, (part) => {
    const number = numberOf(part);
    return number === undefined ? undefined : valueOf(number);
  });

/** The types of parameters that a client leaves open: that of the column that one is compared with, else STRING. */
export function parameterTypes(query: QueryNode, catalog: Catalog): ReadonlyMap<number, SqlType> {
  const columns = new Map(columnsOf(query, catalog).map(({ name, type }) => [name, type]));
  const types = new Map<number, SqlType>();
  visit(query, (part) => {
    const { left, right, operand, low, high, items } = part;
    const compared = [left, right, operand, low, high, ...(Array.isArray(items) ? (items as unknown[]) : [])];
    const isLogic = part['kind'] === 'logic' || part['kind'] === 'cast' || part['kind'] === 'like';
    const column = compared.find((side) => isTree(side) && isColumn(side) && numberOf(side) === undefined);
    const type = isLogic || column === undefined ? undefined : columns.get((column as unknown as ColumnNode).name.text);
    for (const side of type === undefined ? [] : compared) {
      const number = numberOf(side);
      if (number !== undefined && !types.has(number)) types.set(number, type!);
    }
  });
  visit(query, (part) => {
    const number = numberOf(part);
    if (number !== undefined && !types.has(number)) types.set(number, STRING);
  });
  return types;
}
