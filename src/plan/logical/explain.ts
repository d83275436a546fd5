import { argumentType } from '../../expressions/compile.ts';
import { columnName, printExpr } from '../../expressions/print.ts';
import type { BoundExpr } from '../../expressions/node.ts';
import { sampleAggregator, scansFrames } from '../../functions/abilities.ts';
import { overloadsOf } from '../../functions/define.ts';
import { findAggregate } from '../../functions/registry.ts';
import { resolveOverload } from '../../functions/resolve.ts';
import type { AggregateSetName, OverFrame } from '../../specs/window.ts';
import { durationText } from '../../util/time-units.ts';
import { automatonText, matchText } from './explain-match.ts';
import { orderText, orderWords } from './explain-order.ts';
import { inputsOf, type LogicalNode, type NodeOf } from './node.ts';

/**
 * The plan as text, one node per line; inputs are indented below the node that reads them, and before them the states of a pattern's
 * automaton behind a bar.
 */
export function explainLogical(node: LogicalNode, depth = 0): string {
  const indent = '  '.repeat(depth);
  const states = node.kind === 'match' ? automatonText(node).map((line) => `${indent}  | ${line}`) : [];
  const inputs = inputsOf(node).map((input) => explainLogical(input, depth + 1));
  return [`${indent}${describe(node)}`, ...states, ...inputs].join('\n');
}

function describe(node: LogicalNode): string {
  const columns = `[${node.columns.map((column) => (column.role === 'key' ? `${columnName(column)} key` : columnName(column))).join(', ')}]`;
  switch (node.kind) {
    case 'source':
      return `source ${node.source.kind} ${node.source.name} topic=${node.source.topic} ${columns}${nearestText(node)}`;
    case 'filter':
      return `filter${node.distinct ? ' distinct' : ''} ${printExpr(node.predicate)}`;
    case 'project':
      return `project ${node.exprs.map(({ name, expr }) => `${printExpr(expr)} AS ${name}`).join(', ')}`;
    case 'flatMap':
      return `flatMap ${node.functions.map(({ name, fn, args }) => `${fn}(${args.map(printExpr).join(', ')}) AS ${name}`).join(', ')}`;
    case 'rekey':
      return `rekey ${node.keys.map(({ name, expr }) => `${printExpr(expr)} AS ${name}`).join(', ') || 'NULL'}`;
    case 'aggregate': {
      const calls = node.aggregates.map(({ name, fn, args, filter }) => {
        const where = filter === undefined ? '' : ` FILTER (WHERE ${printExpr(filter)})`;
        return `${fn}(${args.map(printExpr).join(', ')})${where} AS ${name}`;
      });
      const window =
        node.window === undefined
          ? ''
          : ` ${node.window.type} size=${node.window.sizeMs} advance=${node.window.advanceMs} grace=${node.window.graceMs}`;
      const set = node.set === 'standard' ? ' (standard)' : '';
      return `aggregate${set} by ${node.keys.map(({ expr }) => printExpr(expr)).join(', ')}: ${calls.join(', ')}${window}${node.final ? ' final' : ''}`;
    }
    case 'join':
      return `join ${node.join} ${node.left.shape}-${node.right.shape}${versionsText(node.versions)} on ${conditionText(node)} key=${node.keys.map(columnName).join(', ')}`;
    case 'foreignKeyJoin':
      return `join ${node.join} TABLE-TABLE on foreign key ${node.foreignKeys.map(printExpr).join(', ')}${alsoText(node.matches)}`;
    case 'union':
      return 'union all';
    case 'over':
      return overText(node);
    case 'match':
      return matchText(node);
    case 'rank': {
      const order = node.orderBy.map(orderText);
      const limit = node.limit === undefined ? '' : ` limit ${node.limit}`;
      return `rank partition by ${node.partitionBy.map(({ expr }) => printExpr(expr)).join(', ')} order by ${order.join(', ')}${limit} AS ${[node.rank, ...node.places].map(({ name }) => name).join(', ')}`;
    }
    case 'invoke':
      return `invoke ${node.model}${node.version === undefined ? '' : ` version ${node.version}`}(${node.args.map(printExpr).join(', ')})${routeText(node)} AS ${node.outputs.map(columnName).join(', ')}`;
    case 'monitor':
      return monitorText(node);
  }
}

function nearestText({ nearest }: NodeOf<'source'>): string {
  if (nearest === undefined) return '';
  const { column, metric, vector, limit, ...order } = nearest;
  return ` nearest ${limit} by ${metric} of ${column} to ${vector.length} numbers${orderWords(order)}`;
}

function monitorText({ segments, spec: { window, metrics, checks } }: NodeOf<'monitor'>): string {
  const by = segments.length === 0 ? '' : ` by ${segments.map(printExpr).join(', ')}`;
  const held = checks.map(({ name, conditions, windows }) => {
    const conjuncts = conditions.map(({ expr }) => printExpr(expr)).join(' AND ');
    return `${name} (${conjuncts})${windows === 1 ? '' : ` for ${windows} windows`}`;
  });
  const { sizeMs, advanceMs, graceMs } = window;
  return `monitor${by} ${metrics.map(({ text }) => text).join(', ')} size=${sizeMs} advance=${advanceMs} grace=${graceMs}: ${held.join(', ')}`;
}

function overText({ partitionBy, orderBy, aggregates, graceMs, final, firstOnly, calls }: NodeOf<'over'>): string {
  const rows = `partition by ${partitionBy.map(printExpr).join(', ')} order by ${printExpr(orderBy)}`;
  const texts = calls.map(({ name, fn, args, filter, ignoreNulls, frame }) =>
    [
      `${fn}(${args.map(printExpr).join(', ')})`,
      filter && ` filter ${printExpr(filter)}`,
      ignoreNulls ? ' ignore nulls' : undefined,
      ` ${frameText(frame)}`,
      isScanned(fn, args, frame, aggregates) ? ' (reads its frame for each row)' : undefined,
      ` AS ${name}`,
    ].join(''),
  );
  return `over ${rows} ${aggregates} grace=${graceMs} ${final ? 'final' : 'changes'}${firstOnly === true ? ' first rows only' : ''}: ${texts.join(', ')}`;
}

/** Whether a call's work for a row grows with its frame. */
function isScanned(
  fn: string,
  args: readonly BoundExpr[],
  { start, maxSize }: OverFrame,
  set: AggregateSetName,
): boolean {
  const aggregate = findAggregate(fn);
  if (aggregate === undefined || (start === undefined && maxSize === undefined)) return false;
  const resolution = resolveOverload(overloadsOf(aggregate, set), args.map(argumentType));
  return resolution !== undefined && scansFrames(sampleAggregator(resolution.overload, args));
}

function frameText({ unit, start, end, exclude, maxSize, tileMs }: OverFrame): string {
  const distance = (amount: number): string => (unit === 'ROWS' ? `${amount}` : durationText(amount));
  const bound = (amount: number | undefined): string =>
    amount === 0 ? 'CURRENT ROW' : `${amount === undefined ? 'UNBOUNDED' : distance(amount)} PRECEDING`;
  return [
    `${unit} ${end === 0 ? bound(start) : `BETWEEN ${bound(start)} AND ${bound(end)}`}`,
    exclude && ` EXCLUDE ${exclude}`,
    maxSize && ` MAXSIZE ${maxSize}`,
    tileMs && ` TILE ${durationText(tileMs)}`,
  ].join('');
}

function versionsText(versions: NodeOf<'join'>['versions']): string {
  if (versions === undefined) return '';
  const { asOf, from, historyMs, ttlMs, waitMs, isStrict, order } = versions;
  const parts = [
    ` as of ${isStrict === true ? 'before ' : ''}${asOf === undefined ? 'its time' : printExpr(asOf)}`,
    from && ` from ${printExpr(from)}`,
    order === 'offset' ? ' by last change' : undefined,
    ` history=${historyMs}`,
    ttlMs === undefined ? undefined : ` ttl=${ttlMs}`,
    waitMs === 0 ? undefined : ` wait=${waitMs}`,
  ];
  return parts.filter((part) => part !== undefined).join('');
}

function conditionText({ leftKeys, rightKeys, matches }: NodeOf<'join'>): string {
  return (
    leftKeys.map((left, i) => `${printExpr(left)} = ${printExpr(rightKeys[i]!)}`).join(' AND ') + alsoText(matches)
  );
}
const alsoText = (matches: BoundExpr | undefined): string =>
  matches === undefined ? '' : ` AND ${printExpr(matches)}`;

/** What a route chooses by, where that is not the key. */
function routeText({ routeBy, input }: NodeOf<'invoke'>): string {
  const isKey = (expr: BoundExpr): boolean =>
    expr.kind === 'cast'
      ? isKey(expr.operand)
      : input.columns.some((each) => each.role === 'key' && isColumn(expr, each.id));
  return routeBy.every(isKey) ? '' : ` route by ${routeBy.map(printExpr).join(', ')}`;
}
const isColumn = (expr: BoundExpr, id: number): boolean => expr.kind === 'column' && expr.id === id;
