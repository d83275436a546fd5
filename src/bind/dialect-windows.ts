import { mapNodes } from '../syntax/map-nodes.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { CallNode, Duration, ExpressionNode, Name } from '../syntax/expressions.ts';
import type { QueryNode, SelectItem, SourceNode, WindowNode } from '../syntax/query.ts';
import { intervalMs } from '../syntax/intervals.ts';
import type { QueryPurpose } from './context.ts';

/** The functions of Flink that make windows. */
const windowFunctions: ReadonlyMap<string, WindowNode['kind']> = new Map([
  ['TUMBLE', 'TUMBLING'],
  ['HOP', 'HOPPING'],
  ['SESSION', 'SESSION'],
  ['CUMULATE', 'CUMULATE'],
]);

/** The name of the one key that a result has whose rows are grouped by their window alone. */
const onlyKey = 'ALL_ROWS';

/**
 * Windows as Flink and RisingWave write them, `FROM TABLE(TUMBLE(TABLE s, DESCRIPTOR(ts), INTERVAL …))` and `GROUP BY TUMBLE(ts,
 * INTERVAL …)`, as a WINDOW clause; other queries as they are.
 */
export function withWindowClause(query: QueryNode, catalog: Catalog, purpose: QueryPurpose): QueryNode {
  const grouped = query.groupBy?.find((node) => groupWindow(node) !== undefined);
  const { from } = query;
  if (query.window !== undefined || (from.window === undefined && grouped === undefined)) return query;
  const call = grouped as CallNode | undefined;
  const [fn, time, args, span] =
    from.window === undefined
      ? [windowFunctions.get(call!.name.text)!, call!.args[0]!, call!.args.slice(1), call!.span]
      : [tableFunction(from.window.fn), from.window.time, from.window.args, from.window.fn.span];
  checkTime(time, from, catalog);
  const window = windowOf(fn, args, span);
  const isBound = (node: ExpressionNode): boolean => node.kind === 'column' && boundOf(node, true) !== undefined;
  const keys = query.groupBy?.filter((node) => node !== grouped && !(from.window !== undefined && isBound(node)));
  const columns = from.window !== undefined;
  const inside = <T>(value: T): T => replaceBounds(value, columns) as T;
  const select = query.select.map((item) => withBoundNames(item, columns)).map(inside);
  const rest = {
    from: { ...from, window: undefined },
    window,
    having: inside(query.having),
    qualify: inside(query.qualify),
  };
  if (keys?.length !== 0) return { ...query, ...rest, select, groupBy: keys };
  if (purpose !== 'persistent') return { ...query, ...rest, select, groupBy: undefined };
  const one: ExpressionNode = { kind: 'literal', literal: 'integer', value: '1', span };
  const key: SelectItem = { kind: 'expression', expression: one, alias: { text: onlyKey, span }, span };
  return { ...query, ...rest, select: [key, ...select], groupBy: [one] };
}

function groupWindow(node: ExpressionNode): WindowNode['kind'] | undefined {
  return node.kind === 'call' && node.args.length > 1 ? windowFunctions.get(node.name.text) : undefined;
}

function tableFunction({ text, span }: Name): WindowNode['kind'] {
  const fn = windowFunctions.get(text);
  if (fn === undefined)
    throw new SqlError('WINDOW_INVALID', span, {
      why: `${text} makes no windows`,
      hint: `Windows are made by ${[...windowFunctions.keys()].join(', ')}.`,
    });
  return fn;
}

/** Windows are of a record's time: its ROWTIME, or the column that the source declares to be that. */
function checkTime(node: ExpressionNode, { name }: SourceNode, catalog: Catalog): void {
  if (isTimeColumn(node, name.text, catalog)) return;
  throw new SqlError('WINDOW_INVALID', node.span, {
    why: `windows are of the time of ${name.text === '' ? 'the subquery' : name.text}, and this is not its column`,
    hint: "Write ROWTIME, or declare the column: CREATE STREAM … WITH (…, TIMESTAMP='column').",
  });
}

/** Whether a column is the time of the records of a source. */
export function isTimeColumn(node: ExpressionNode, source: string, catalog: Catalog): boolean {
  if (node.kind !== 'column') return false;
  return node.name.text === 'ROWTIME' || node.name.text === catalog.sources.get(source)?.spec.timestamp?.column;
}

/** Flink's order of arguments: what the windows are apart comes before their size. */
function windowOf(kind: WindowNode['kind'], args: readonly ExpressionNode[], span: WindowNode['span']): WindowNode {
  const needed = kind === 'HOPPING' || kind === 'CUMULATE' ? 2 : 1;
  const lengths = args.map(durationOf);
  if (lengths.length !== needed || lengths.includes(undefined))
    throw new SqlError('WINDOW_INVALID', span, {
      why: `${kind} windows take ${needed === 1 ? 'one interval' : 'two intervals, the lesser one first'}`,
      hint: `Write ${needed === 1 ? '' : "INTERVAL '1' MINUTE, "}INTERVAL '5' MINUTE.`,
    });
  const advance = needed === 2 ? lengths[0] : undefined;
  return { kind, size: lengths.at(-1)!, advance, retention: undefined, grace: undefined, span };
}

/** An interval as a duration; undefined for other expressions. */
export function durationOf(node: ExpressionNode): Duration | undefined {
  if (node.kind !== 'interval') return undefined;
  return { ms: intervalMs(node), text: `${node.amount} ${node.unit}` };
}

/** WINDOW_START and its kind: columns of a window as a table, and TUMBLE_START(…) and its kind. */
function boundOf(node: ExpressionNode, columns: boolean): string | undefined {
  if (node.kind === 'column') return columns ? windowBoundOf(node.name.text, 0) : undefined;
  return node.kind === 'call' ? windowBoundOf(node.name.text, node.args.length) : undefined;
}

function withBoundNames(item: SelectItem, columns: boolean): SelectItem {
  if (item.kind !== 'expression' || item.alias !== undefined || item.expression.kind !== 'column') return item;
  return boundOf(item.expression, columns) === undefined ? item : { ...item, alias: item.expression.name };
}

const replaceBounds = (value: unknown, columns: boolean): unknown =>
  mapNodes(value, (part) => {
    const node = part as ExpressionNode;
    const text = boundOf(node, columns);
    if (text === undefined) return undefined;
    const { span } = node;
    const none = { distinct: undefined, filter: undefined, ignoreNulls: undefined, over: undefined };
    return { kind: 'call', name: { text, span }, star: false, args: [], ...none, span };
  });

/** The form of a window's bound that a column (no arguments) or a call as TUMBLE_START(ts, size) is; undefined for other names. */
function windowBoundOf(name: string, args: number): string | undefined {
  const match = /^(?:WINDOW|(TUMBLE|HOP|SESSION|CUMULATE))_(START|END|TIME|ROWTIME)$/.exec(name);
  if (match === null || (match[1] === undefined) !== (args === 0)) return undefined;
  return `WINDOW_${match[2] === 'ROWTIME' ? 'TIME' : match[2]!}`;
}
