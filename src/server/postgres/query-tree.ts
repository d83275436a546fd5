import type { Engine } from '../../engine/engine.ts';
import type { ColumnNode, ExpressionNode, Name } from '../../syntax/expressions.ts';
import { mapNodes } from '../../syntax/map-nodes.ts';
import { isQuery, type QueryNode, type SourceNode } from '../../syntax/query.ts';
import { selectedAs } from '../../syntax/selected-as.ts';
import { sourcesIn } from '../../syntax/sources-in.ts';
import { pseudoColumns } from '../../types/schema.ts';
import { STRING, type SqlType } from '../../types/sql-type.ts';
import { WireError } from './messages.ts';
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

/**
 * A quoted name that does not exist as it is written, but once in other letters, stands for that. An unquoted one may stand for what
 * the statement itself names in quotes, since `AS "time"` and `time` are the same to PostgreSQL.
 */
function resolved(
  name: Name,
  isKnown: (text: string) => boolean,
  known: Iterable<string>,
  own: Iterable<string>,
): Name {
  if (isKnown(name.text)) return name;
  const first = name.span.source.text[name.span.start];
  const lower = name.text.toLowerCase();
  const possible = first === '"' || first === '`' ? known : own;
  const same = [...new Set(possible)].filter((text) => text.toLowerCase() === lower);
  return same.length === 1 ? { ...name, text: same[0]! } : name;
}

/** A query with itself and each one inside it changed, inner ones first. */
function eachQuery(query: QueryNode, change: (query: QueryNode) => QueryNode): QueryNode {
  const inside = (part: unknown): unknown =>
    mapNodes(part, (node) => (isQuery(node) ? eachQuery(node, change) : undefined));
  const parts = Object.entries(query).map(([key, part]) => [key, key === 'span' ? (part as unknown) : inside(part)]);
  return change(Object.fromEntries(parts) as QueryNode);
}

/** The names that a part of a statement gives: aliases, and queries of WITH. */
function namesGivenIn(part: unknown): Set<string> {
  const given = new Set<string>();
  mapNodes(part, (node) => {
    if (isQuery(node)) for (const { name } of node.with) given.add(name.text);
    const { alias } = node as Tree;
    if (isTree(alias) && typeof alias['text'] === 'string') given.add(alias['text']);
    return undefined;
  });
  return given;
}

/** What GROUP BY means by the number or, where no column has it, the name of an output, as in PostgreSQL. */
function withGroupedOutputs(query: QueryNode, columns: readonly string[]): QueryNode {
  if (query.groupBy === undefined) return query;
  const inputs = new Set([...columns, ...namesGivenIn([query.from, query.joins, query.with])]);
  const groupBy = query.groupBy.map((item): ExpressionNode => {
    if (item.kind === 'literal' && item.literal === 'integer') {
      const place = Number(item.value);
      const isKnown = query.select.slice(0, place).every(({ kind }) => kind === 'expression');
      const output = isKnown ? query.select[place - 1] : undefined;
      if (output?.kind === 'expression') return output.expression;
      throw new WireError('42P10', `GROUP BY position ${place} is not in select list`);
    }
    const isOutput = item.kind === 'column' && item.qualifier === undefined && !inputs.has(item.name.text);
    return (isOutput ? selectedAs(query, item.name.text) : undefined) ?? item;
  });
  return { ...query, groupBy };
}

/** A query with its quoted names as they are stored, and the expressions that GROUP BY means by numbers and names of outputs. */
export function asStored(query: QueryNode, catalog: Catalog): QueryNode {
  const own = namesGivenIn(query);
  const sources = [...catalog.sources.keys(), ...catalog.views.keys()];
  const isSource = (text: string): boolean => own.has(text) || catalog.sources.has(text) || catalog.views.has(text);
  const sourceName = (name: Name): Name => resolved(name, isSource, sources, own);
  const qualifierOf = (name: Name): Name => sourceName(resolved(name, (text) => own.has(text), own, own));
  const source = (node: SourceNode): SourceNode =>
    node.query === undefined ? { ...node, name: sourceName(node.name) } : node;
  const named = eachQuery(query, (part) => ({
    ...part,
    from: source(part.from),
    joins: part.joins.map((join) => ({ ...join, source: source(join.source) })),
  }));
  const names = columnsOf(named, catalog).map(({ name }) => name);
  const columns = new Set([...names, ...own]);
  const stored = replaced(named, (part) => {
    if (part['kind'] === 'all' && isTree(part['source']))
      return { ...part, source: qualifierOf(part['source'] as unknown as Name) };
    if (!isColumn(part)) return undefined;
    const qualifier = part.qualifier && qualifierOf(part.qualifier);
    return { ...part, qualifier, name: resolved(part.name, (text) => columns.has(text), columns, own) };
  });
  return eachQuery(stored, (part) => withGroupedOutputs(part, names));
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
