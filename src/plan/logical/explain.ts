import { columnName, printExpr } from '../../expressions/print.ts';
import type { BoundExpr } from '../../expressions/node.ts';
import { inputsOf, type LogicalNode, type NodeOf } from './node.ts';

/** The tree with one node a line, inputs indented below what reads them. */
export function explainLogical(node: LogicalNode, depth = 0): string {
  const inputs = inputsOf(node).map((input) => explainLogical(input, depth + 1));
  return [`${'  '.repeat(depth)}${describe(node)}`, ...inputs].join('\n');
}

function describe(node: LogicalNode): string {
  const columns = `[${node.columns.map((column) => (column.role === 'key' ? `${columnName(column)} key` : columnName(column))).join(', ')}]`;
  switch (node.kind) {
    case 'source':
      return `source ${node.source.kind} ${node.source.name} topic=${node.source.topic} ${columns}`;
    case 'filter':
      return `filter ${printExpr(node.predicate)}`;
    case 'project':
      return `project ${node.exprs.map(({ name, expr }) => `${printExpr(expr)} AS ${name}`).join(', ')}`;
    case 'flatMap':
      return `flatMap ${node.functions.map(({ name, fn, args }) => `${fn}(${args.map(printExpr).join(', ')}) AS ${name}`).join(', ')}`;
    case 'rekey':
      return `rekey ${node.keys.map(({ name, expr }) => `${printExpr(expr)} AS ${name}`).join(', ') || 'NULL'}`;
    case 'aggregate': {
      const calls = node.aggregates.map(({ name, fn, args }) => `${fn}(${args.map(printExpr).join(', ')}) AS ${name}`);
      const window =
        node.window === undefined
          ? ''
          : ` ${node.window.type} size=${node.window.sizeMs} advance=${node.window.advanceMs} grace=${node.window.graceMs}`;
      return `aggregate by ${node.keys.map(({ expr }) => printExpr(expr)).join(', ')}: ${calls.join(', ')}${window}${node.final ? ' final' : ''}`;
    }
    case 'join':
      return `join ${node.join} ${node.left.shape}-${node.right.shape} on ${conditionText(node)} key=${node.keys.map(columnName).join(', ')}`;
    case 'foreignKeyJoin':
      return `join ${node.join} TABLE-TABLE on foreign key ${node.foreignKeys.map(printExpr).join(', ')}${alsoText(node.matches)}`;
    case 'union':
      return 'union all';
    case 'over':
      return `over partition by ${node.partitionBy.map(printExpr).join(', ')}: ${node.calls.map(({ name, fn }) => `${fn} AS ${name}`).join(', ')}`;
    case 'invoke':
      return `invoke ${node.model}${node.version === undefined ? '' : ` version ${node.version}`}(${node.args.map(printExpr).join(', ')}) AS ${node.outputs.map(columnName).join(', ')}`;
  }
}

function conditionText({ leftKeys, rightKeys, matches }: NodeOf<'join'>): string {
  return (
    leftKeys.map((left, i) => `${printExpr(left)} = ${printExpr(rightKeys[i]!)}`).join(' AND ') + alsoText(matches)
  );
}
const alsoText = (matches: BoundExpr | undefined): string =>
  matches === undefined ? '' : ` AND ${printExpr(matches)}`;
