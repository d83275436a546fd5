import { columnsOf } from '../../expressions/node.ts';
import { keysOf, withInputs, type LogicalNode, type PlanColumn } from '../logical/node.ts';

export const pruneColumnsName = 'prune-columns';

/**
 * Keeps only the columns that something reads, down to the decoder of each source: one pass from the top, since what a node must
 * give depends on all that is above it. Keys always stay. Gives the same node when nothing goes.
 */
export function pruneColumns(root: LogicalNode): LogicalNode {
  return prune(root, new Set(root.columns.map(({ name }) => name)));
}

function prune(node: LogicalNode, needed: ReadonlySet<string>): LogicalNode {
  const keep = (columns: readonly PlanColumn[]): PlanColumn[] =>
    columns.filter(({ name, role }) => role === 'key' || needed.has(name));
  switch (node.kind) {
    case 'source': {
      const kept = node.columns
        .map((column, i) => ({ column, read: node.reads[i]! }))
        .filter(({ column }) => column.role === 'key' || needed.has(column.name));
      if (kept.length === node.columns.length) return node;
      return { ...node, columns: kept.map(({ column }) => column), reads: kept.map(({ read }) => read) };
    }
    case 'filter': {
      const input = prune(node.input, new Set([...needed, ...columnsOf([node.predicate])]));
      return input === node.input ? node : { ...node, input, columns: input.columns };
    }
    case 'project': {
      const exprs = node.exprs.filter(({ name }, i) => node.columns[i]!.role === 'key' || needed.has(name));
      const input = prune(node.input, columnsOf(exprs.map(({ expr }) => expr)));
      if (input === node.input && exprs.length === node.exprs.length) return node;
      return { ...node, input, exprs, columns: keep(node.columns) };
    }
    case 'flatMap':
    case 'over':
    case 'invoke': {
      const own =
        node.kind === 'flatMap'
          ? node.functions.flatMap(({ args }) => args)
          : node.kind === 'invoke'
            ? node.args
            : [...node.partitionBy, node.orderBy, ...node.calls.flatMap(({ args }) => args)];
      const added = new Set(
        (node.kind === 'flatMap' ? node.functions : node.kind === 'invoke' ? node.outputs : node.calls).map(
          ({ name }) => name,
        ),
      );
      const input = prune(node.input, new Set([...[...needed].filter((name) => !added.has(name)), ...columnsOf(own)]));
      if (input === node.input) return node;
      return { ...node, input, columns: [...input.columns, ...node.columns.filter(({ name }) => added.has(name))] };
    }
    case 'rekey': {
      const keys = new Set(node.keys.map(({ name }) => name));
      const input = prune(
        node.input,
        new Set([...[...needed].filter((name) => !keys.has(name)), ...columnsOf(node.keys.map(({ expr }) => expr))]),
      );
      if (input === node.input) return node;
      const left = new Set(input.columns.map(({ name }) => name));
      return { ...node, input, columns: node.columns.filter(({ name, role }) => role === 'key' || left.has(name)) };
    }
    case 'aggregate': {
      const input = prune(
        node.input,
        columnsOf([...node.keys.map(({ expr }) => expr), ...node.aggregates.flatMap(({ args }) => args)]),
      );
      return input === node.input ? node : { ...node, input };
    }
    case 'union': {
      // Both sides have the same columns, each in a projection of its own.
      const sides = [node.left, node.right].map((side) => prune(side, needed));
      if (sides[0] === node.left && sides[1] === node.right) return node;
      return { ...(withInputs(node, sides) as typeof node), columns: keep(node.columns) };
    }
    case 'join':
    case 'foreignKeyJoin': {
      const keys = node.kind === 'join' ? [...node.leftKeys, ...node.rightKeys] : node.foreignKeys;
      const own = node.matches === undefined ? keys : [...keys, node.matches];
      const wanted = new Set([...needed, ...columnsOf(own)]);
      const sides = [node.left, node.right].map((side) =>
        prune(side, new Set([...wanted].filter((name) => side.columns.some((column) => column.name === name)))),
      );
      if (sides[0] === node.left && sides[1] === node.right) return node;
      const left = new Set(sides.flatMap(({ columns }) => columns.map(({ name }) => name)));
      return {
        ...(withInputs(node, sides) as typeof node),
        columns: node.columns.filter(({ name, role }) => role === 'key' || left.has(name)),
      };
    }
  }
}

export { keysOf };
