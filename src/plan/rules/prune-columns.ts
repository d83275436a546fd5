import { idsIn, type BoundExpr, type ColumnId } from '../../expressions/node.ts';
import { idsOf, type RowColumn } from '../../bound/rows.ts';
import { withInputs, type LogicalNode, type NodeOf } from '../logical/node.ts';

export const pruneColumnsName = 'prune-columns';

type Needed = ReadonlySet<ColumnId>;

/**
 * Keeps only the columns that something reads, down to the decoder of each source: one pass from the top, since what a node must
 * give depends on all that is above it. Keys always stay. Gives the same node when nothing goes.
 */
export function pruneColumns(root: LogicalNode): LogicalNode {
  return prune(root, idsOf(root.columns));
}

const prune = (node: LogicalNode, needed: Needed): LogicalNode =>
  (pruners[node.kind] as Pruner<LogicalNode['kind']>)(node, needed);

type Pruner<K extends LogicalNode['kind']> = (node: NodeOf<K>, needed: Needed) => LogicalNode;

/** A kind of node with no entry here does not compile. */
const pruners: { readonly [K in LogicalNode['kind']]: Pruner<K> } = {
  source: (node, needed) => {
    const kept = node.columns
      .map((column, i) => ({ column, read: node.reads[i]! }))
      .filter(({ column }) => isKept(column, needed));
    if (kept.length === node.columns.length) return node;
    return { ...node, columns: kept.map(({ column }) => column), reads: kept.map(({ read }) => read) };
  },
  filter: (node, needed) => {
    const input = prune(node.input, reading(needed, [node.predicate]));
    return input === node.input ? node : { ...node, input, columns: input.columns };
  },
  project: (node, needed) => {
    const columns = node.columns.filter((column) => isKept(column, needed));
    const kept = idsOf(columns);
    const exprs = node.exprs.filter(({ id }) => kept.has(id));
    const input = prune(node.input, idsIn(exprs.map(({ expr }) => expr)));
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
    behind(node, needed, node.calls, [...node.partitionBy, node.orderBy, ...node.calls.flatMap(({ args }) => args)]),
  invoke: (node, needed) => behind(node, needed, node.outputs, node.args),
  rekey: (node, needed) => {
    const moved = idsOf(node.keys);
    const others = new Set([...needed].filter((id) => !moved.has(id)));
    const input = prune(
      node.input,
      reading(
        others,
        node.keys.map(({ expr }) => expr),
      ),
    );
    if (input === node.input) return node;
    const left = idsOf(input.columns);
    return { ...node, input, columns: node.columns.filter(({ id, role }) => role === 'key' || left.has(id)) };
  },
  aggregate: (node) => {
    const exprs = [...node.keys.map(({ expr }) => expr), ...node.aggregates.flatMap(({ args }) => args)];
    const input = prune(node.input, idsIn(exprs));
    return input === node.input ? node : { ...node, input };
  },
  union: (node, needed) => {
    // Both sides give the same columns, each by a projection of its own.
    const sides = [prune(node.left, needed), prune(node.right, needed)];
    if (sides[0] === node.left && sides[1] === node.right) return node;
    return {
      ...(withInputs(node, sides) as typeof node),
      columns: node.columns.filter((column) => isKept(column, needed)),
    };
  },
  join: (node, needed) => bothSides(node, needed, [...node.leftKeys, ...node.rightKeys]),
  foreignKeyJoin: (node, needed) => bothSides(node, needed, node.foreignKeys),
};

const isKept = ({ id, role }: RowColumn, needed: Needed): boolean => role === 'key' || needed.has(id);

const reading = (needed: Needed, exprs: readonly BoundExpr[]): Needed => new Set([...needed, ...idsIn(exprs)]);

/** A node that puts columns of its own behind those of its input. */
function behind(
  node: NodeOf<'flatMap' | 'over' | 'invoke'>,
  needed: Needed,
  added: readonly { readonly id: ColumnId }[],
  exprs: readonly BoundExpr[],
): LogicalNode {
  const own = idsOf(added);
  const input = prune(node.input, reading(new Set([...needed].filter((id) => !own.has(id))), exprs));
  if (input === node.input) return node;
  return { ...node, input, columns: [...input.columns, ...node.columns.filter(({ id }) => own.has(id))] };
}

function bothSides(node: NodeOf<'join' | 'foreignKeyJoin'>, needed: Needed, keys: readonly BoundExpr[]): LogicalNode {
  const wanted = reading(needed, node.matches === undefined ? keys : [...keys, node.matches]);
  const sides = [node.left, node.right].map((side) => prune(side, wanted));
  if (sides[0] === node.left && sides[1] === node.right) return node;
  const left = new Set(sides.flatMap(({ columns }) => columns.map(({ id }) => id)));
  return {
    ...(withInputs(node, sides) as typeof node),
    columns: node.columns.filter(({ id, role }) => role === 'key' || left.has(id)),
  };
}
