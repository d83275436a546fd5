import { bindQuery } from '../../bind/query.ts';
import { Catalog } from '../../catalog/catalog.ts';
import type { Span } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import { mapColumns, slotColumn, slotsIn, type BoundExpr, type Expr } from '../../expressions/node.ts';
import { metricFunctions } from '../../runtime/monitor/metrics.ts';
import type { MonitorCheck } from '../../specs/monitor.ts';
import type { SourceSpec } from '../../specs/source.ts';
import { conjunctsOf, type ExpressionNode } from '../../syntax/expressions.ts';
import { mapNodes } from '../../syntax/map-nodes.ts';
import { selectFrom, type SelectItem } from '../../syntax/query.ts';
import type { MonitorCheckNode } from '../../syntax/statements/monitors.ts';
import { BOOLEAN, DOUBLE, isNumeric, typeText } from '../../types/sql-type.ts';
import { intervalMs } from '../../syntax/intervals.ts';
import type { MetricList } from './metric-list.ts';

/** Binds the checks of a monitor: expressions over its metrics, which are collected on the way. */
export function bindChecks(
  nodes: readonly MonitorCheckNode[],
  metrics: MetricList,
  refuse: (why: string, span: Span, hint?: string) => never,
): MonitorCheck<Expr>[] {
  const written = nodes.map((node) => ({ node, parts: partsOf(node, metrics) }));
  const names = nodes.map(({ name }, i) => name?.text ?? `CHECK_${i + 1}`);
  nodes.forEach(({ span, windows, name }, i) => {
    if (names.indexOf(names[i]!) !== i) refuse(`two checks are called ${names[i]!}`, name?.span ?? span);
    if (windows !== undefined && (windows < 1 || windows > 10_000)) refuse('FOR takes 1 to 10000 WINDOWS', span);
  });
  const all = written.flatMap(({ parts }) => [...parts.conditions, ...parts.bounds]);
  const bound = bindOver(all, metrics, nodes[0]!.span);
  let at = 0;
  return written.map(({ node, parts }, i) => {
    const conditions = parts.conditions.map((condition) => {
      const expr = bound[at++]!;
      if (expr.type.kind !== 'BOOLEAN')
        refuse(`a check is true or false, and this is ${typeText(expr.type)}`, condition.span);
      return { expr, metrics: [...slotsIn([expr])].sort((a, b) => a - b) };
    });
    const [low, high] = [parts.low, parts.high].map((bounded) => {
      if (bounded === undefined) return undefined;
      const expr = bound[at++]!;
      return isNumeric(expr.type) ? asDouble(expr) : undefined;
    });
    if (conditions.every((each) => each.metrics.length === 0))
      refuse('a check must look at a metric', node.span, hintOfMetrics);
    return {
      name: names[i]!,
      severity: node.severity ?? 'ERROR',
      windows: node.windows ?? 1,
      metric: parts.metric ?? conditions.flatMap((each) => each.metrics)[0],
      conditions,
      low,
      high,
    };
  });
}

const hintOfMetrics = `Metrics are ${Object.keys(metricFunctions).sort().join(', ')} and PREVIOUS(metric, windows).`;

interface Parts {
  readonly conditions: readonly ExpressionNode[];
  readonly metric: number | undefined;
  readonly low: ExpressionNode | undefined;
  readonly high: ExpressionNode | undefined;
  readonly bounds: readonly ExpressionNode[];
}

/** A check with metrics as columns, and what its metric is compared with where it is a single comparison. */
function partsOf({ condition }: MonitorCheckNode, metrics: MetricList): Parts {
  const conditions = conjunctsOf(condition).map((each) => metrics.replaced(withSeconds(each)));
  const [only] = conditions;
  const none = { conditions, metric: undefined, low: undefined, high: undefined, bounds: [] };
  if (conditions.length > 1 || only === undefined) return none;
  const given = (low: ExpressionNode | undefined, high: ExpressionNode | undefined, of: ExpressionNode): Parts => {
    const metric = metrics.placeOf(of);
    return { conditions, metric, low, high, bounds: [low, high].filter((each) => each !== undefined) };
  };
  if (only.kind === 'between' && metrics.placeOf(only.operand) !== undefined)
    return given(only.low, only.high, only.operand);
  if (only.kind !== 'compare') return { ...none, metric: metrics.placeOf(only) };
  const isLeft = metrics.placeOf(only.left) !== undefined;
  if (!isLeft && metrics.placeOf(only.right) === undefined) return none;
  const [of, other] = isLeft ? [only.left, only.right] : [only.right, only.left];
  const isBelow = only.op.startsWith(isLeft ? '<' : '>');
  return isBelow ? given(undefined, other, of) : given(other, undefined, of);
}

/** An interval beside a metric is a number of seconds. */
const withSeconds = (node: ExpressionNode): ExpressionNode =>
  mapNodes(node, (part) => {
    const interval = part as Extract<ExpressionNode, { readonly kind: 'interval' }>;
    if (interval.kind !== 'interval') return undefined;
    const { span } = interval;
    return { kind: 'literal', literal: 'double', value: String(intervalMs(interval) / 1000), span };
  }) as ExpressionNode;

/** Binds expressions over a source whose columns are the metrics. */
function bindOver(nodes: readonly ExpressionNode[], metrics: MetricList, span: Span): Expr[] {
  const name = 'METRICS';
  const schema = metrics.list.map(({ fn, text }) => ({
    name: text,
    type: metricFunctions[fn]?.type === 'BOOLEAN' ? BOOLEAN : DOUBLE,
    role: 'value' as const,
  }));
  const format = { format: '', wrap: false, delimiter: ',' };
  const spec: SourceSpec = {
    name,
    kind: 'STREAM',
    topic: '',
    schema,
    keyFormat: format,
    valueFormat: format,
    window: undefined,
    timestamp: undefined,
    partitions: 1,
  };
  const catalog = new Catalog().withSource({
    spec,
    statement: '',
    readOnly: true,
    createdBy: undefined,
    featureView: undefined,
  });
  const select = nodes.map((expression, i): SelectItem => ({
    kind: 'expression',
    expression,
    alias: { text: `C${i}`, span },
    span: expression.span,
  }));
  const from = { name: { text: name, span }, alias: undefined, span };
  const bound = bindQuery(selectFrom(select, from, span), catalog, {
    purpose: 'push',
    suppressEnabled: true,
    aggregates: 'standard',
  }).selects[0]!;
  const windowed = bound.grouping ?? bound.over[0] ?? bound.tableFunctions[0] ?? bound.lateInvokes[0];
  if (windowed !== undefined)
    throw new SqlError('MONITOR_INVALID', span, {
      name: metrics.monitor,
      why: 'a check computes from metrics, by functions of single values',
      hint: hintOfMetrics,
    });
  const ids = bound.from.rows.columns.map(({ id }) => id);
  return bound.outputs.slice(-nodes.length).map(({ expr }) => inMetrics(expr, ids));
}

const inMetrics = (expr: BoundExpr, ids: readonly number[]): Expr =>
  mapColumns(expr, ({ id, name, type }) => slotColumn(ids.indexOf(id), name, type));

const asDouble = (expr: Expr): Expr =>
  expr.type.kind === 'DOUBLE' ? expr : { kind: 'cast', operand: expr, type: DOUBLE };
