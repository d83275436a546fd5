import type { BoundExpr, ColumnId } from '../../expressions/node.ts';
import { joinedReads, partsBehind, partsIn, type ReadParts } from '../../expressions/read-parts.ts';
import { matchExprs } from '../../bound/match.ts';
import { idsOf, type RowColumn } from '../../bound/rows.ts';
import { readWhole, type ReadPart } from '../../types/read-part.ts';
import { sameData } from '../../util/same-data.ts';
import { monitorExprs, withInputs, type LogicalNode, type NodeOf } from '../logical/node.ts';

export const pruneColumnsName = 'prune-columns';

/**
 * Removes columns that nothing reads, down to the decoders of the sources, and tells those of streams which fields are read of a
 * nested column. One pass from the root, because the columns that a node must provide depend on all nodes above it. Keys are always
 * kept. Returns the same node when nothing is removed.
 */
export function pruneColumns(root: LogicalNode): LogicalNode {
  return prune(root, whole(idsOf(root.columns)));
}

const whole = (ids: Iterable<ColumnId>): ReadParts => new Map([...ids].map((id) => [id, readWhole]));
/** Rows that are kept or sent as they are must have whole values: a later version of the query may read other fields of them. */
const kept = (needed: ReadParts): ReadParts => whole(needed.keys());

const prune = (node: LogicalNode, needed: ReadParts): LogicalNode =>
  (pruners[node.kind] as Pruner<LogicalNode['kind']>)(node, needed);

type Pruner<K extends LogicalNode['kind']> = (node: NodeOf<K>, needed: ReadParts) => LogicalNode;

/** The pruning of all logical nodes; a kind without an entry does not compile. */
const pruners: { readonly [K in LogicalNode['kind']]: Pruner<K> } = {
  source: (node, needed) => {
    const used = node.columns
      .map((column, i) => ({ column, read: node.reads[i]! }))
      .filter(({ column }) => isKept(column, needed));
    const parts = partsOf(
      node,
      used.map(({ column }) => column),
      needed,
    );
    if (used.length === node.columns.length && sameData(parts ?? [], node.parts ?? [])) return node;
    return { ...node, columns: used.map(({ column }) => column), reads: used.map(({ read }) => read), parts };
  },
  filter: (node, needed) => {
    const input = prune(node.input, joinedReads(needed, partsIn([node.predicate])));
    return input === node.input ? node : { ...node, input, columns: input.columns };
  },
  project: (node, needed) => {
    const columns = node.columns.filter((column) => isKept(column, needed));
    const ids = idsOf(columns);
    const exprs = node.exprs.filter(({ id }) => ids.has(id));
    const input = prune(node.input, partsBehind(exprs.map(({ id, expr }) => [expr, needed.get(id) ?? readWhole])));
    if (input === node.input && exprs.length === node.exprs.length) return node;
    return { ...node, input, exprs, columns };
  },
  flatMap: (node, needed) =>
    behind(
      node,
      needed,
      node.functions,
      node.functions.flatMap(({ args }) => args),
    ),
  over: (node, needed) =>
    behind(node, needed, node.calls, [
      ...node.partitionBy,
      node.orderBy,
      ...node.calls.flatMap(({ args, filter }) => (filter === undefined ? args : [...args, filter])),
    ]),
  invoke: (node, needed) => behind(node, needed, node.outputs, [...node.args, ...node.routeBy]),
  rekey: (node, needed) => {
    const moved = idsOf(node.keys);
    const keys = partsIn(node.keys.map(({ expr }) => expr));
    const input = prune(node.input, kept(joinedReads(without(needed, moved), keys)));
    if (input === node.input) return node;
    const left = idsOf(input.columns);
    return { ...node, input, columns: node.columns.filter(({ id, role }) => role === 'key' || left.has(id)) };
  },
  rank: (node, needed) => {
    const own = idsOf([...node.partitionBy, node.rank, ...node.places]);
    const exprs = [
      ...node.partitionBy.map(({ expr }) => expr),
      ...node.orderBy.map(({ expr }) => expr),
      ...node.identity,
    ];
    const input = prune(node.input, kept(joinedReads(without(needed, own), partsIn(exprs))));
    if (input === node.input) return node;
    const left = idsOf([...input.columns, ...node.places]);
    return { ...node, input, columns: node.columns.filter(({ id, role }) => role === 'key' || left.has(id)) };
  },
  match: (node) => {
    const exprs = [...node.partitionBy.map(({ expr }) => expr), node.orderBy, ...matchExprs(node)];
    const input = prune(node.input, kept(partsIn(exprs)));
    return input === node.input ? node : { ...node, input };
  },
  monitor: (node) => {
    const input = prune(node.input, kept(partsIn(monitorExprs(node))));
    return input === node.input ? node : { ...node, input };
  },
  aggregate: (node) => {
    const exprs = [
      ...node.keys.map(({ expr }) => expr),
      ...node.aggregates.flatMap(({ args, filter }) => (filter === undefined ? args : [...args, filter])),
    ];
    const input = prune(node.input, partsIn(exprs));
    return input === node.input ? node : { ...node, input };
  },
  union: (node, needed) => {
    // Each side has a projection to the union's columns, so both drop the same ones.
    const sides = [prune(node.left, needed), prune(node.right, needed)];
    if (sides[0] === node.left && sides[1] === node.right) return node;
    return {
      ...(withInputs(node, sides) as typeof node),
      columns: node.columns.filter((column) => isKept(column, needed)),
    };
  },
  join: (node, needed) => bothSides(node, needed, [...node.leftKeys, ...node.rightKeys, ...timesOf(node)]),
  foreignKeyJoin: (node, needed) => bothSides(node, needed, node.foreignKeys),
};

/** What is read of a stream's columns; undefined where all are read whole. A table keeps its rows. */
function partsOf(
  { shape }: NodeOf<'source'>,
  columns: readonly RowColumn[],
  needed: ReadParts,
): readonly ReadPart[] | undefined {
  if (shape === 'TABLE') return undefined;
  const parts = columns.map(({ id, role }) => (role === 'key' ? readWhole : needed.get(id)!));
  return parts.every((part) => part === readWhole) ? undefined : parts;
}

const isKept = ({ id, role }: RowColumn, needed: ReadParts): boolean => role === 'key' || needed.has(id);

const without = (needed: ReadParts, own: ReadonlySet<ColumnId>): ReadParts =>
  new Map([...needed].filter(([id]) => !own.has(id)));

/** Prunes a node that appends columns to those of its input. */
function behind(
  node: NodeOf<'flatMap' | 'over' | 'invoke'>,
  needed: ReadParts,
  added: readonly { readonly id: ColumnId }[],
  exprs: readonly BoundExpr[],
): LogicalNode {
  const own = idsOf(added);
  const read = joinedReads(without(needed, own), partsIn(exprs));
  const input = prune(node.input, node.kind === 'over' ? kept(read) : read);
  if (input === node.input) return node;
  return { ...node, input, columns: [...input.columns, ...node.columns.filter(({ id }) => own.has(id))] };
}

const timesOf = ({ versions }: NodeOf<'join'>): readonly BoundExpr[] =>
  [versions?.asOf, versions?.from].filter((time) => time !== undefined);

function bothSides(
  node: NodeOf<'join' | 'foreignKeyJoin'>,
  needed: ReadParts,
  keys: readonly BoundExpr[],
): LogicalNode {
  const read = joinedReads(needed, partsIn(node.matches === undefined ? keys : [...keys, node.matches]));
  // A stream's rows meet a table's as they come, unless it is joined as of a time.
  const isAsOf = node.kind === 'join' && node.versions !== undefined;
  const keepsNone = node.left.shape === 'STREAM' && node.right.shape === 'TABLE' && !isAsOf;
  const wanted = keepsNone ? read : kept(read);
  const sides = [node.left, node.right].map((side) => prune(side, wanted));
  if (sides[0] === node.left && sides[1] === node.right) return node;
  const left = new Set(sides.flatMap(({ columns }) => columns.map(({ id }) => id)));
  return {
    ...(withInputs(node, sides) as typeof node),
    columns: node.columns.filter(({ id, role }) => role === 'key' || left.has(id)),
  };
}
