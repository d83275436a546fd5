import { SqlError } from '../diagnostics/sql-error.ts';
import { expressionOf, invokeArgumentsOf, overOf } from './build-expression.ts';
import { Cst, durationOf, propertiesOf, versionText } from './cst.ts';
import type { ExpressionNode } from './expressions.ts';
import type {
  InvokeClause,
  JoinKind,
  JoinNode,
  OrderItem,
  QueryNode,
  SelectItem,
  SourceNode,
  WindowNode,
} from './query.ts';

/** Builds a query from the rule `query`; constructs that are recognised only are refused here, with their position. */
export function queryOf(cst: Cst): QueryNode {
  const [first, ...more] = cst.all('selectBody');
  const limit = cst.tokens('IntegerLiteral')[0];
  const noLimit = cst.tokens('DecimalLiteral')[0] ?? cst.tokens('FloatLiteral')[0];
  if (noLimit !== undefined) throw new SqlError('LIMIT_NOT_INTEGER', cst.span, { text: noLimit.image });
  const emit = cst.has('CHANGES') ? 'CHANGES' : cst.has('FINAL') ? 'FINAL' : undefined;
  return {
    ...selectOf(first!),
    with: cst
      .all('withClause')
      .flatMap((clause) => clause.all('namedQuery'))
      .map((named) => ({ name: named.name(), query: queryOf(named.one('query')) })),
    union: more.map((each) => ({ ...selectOf(each), emit })),
    orderBy: cst.all('sortItem').map(orderItemOf),
    emit,
    limit: limit === undefined ? undefined : Number(limit.image),
    span: cst.span,
  };
}

function orderItemOf(cst: Cst): OrderItem {
  return {
    expression: expressionOf(cst.one('expression')),
    descending: cst.has('DESC'),
    nullsFirst: cst.has('FIRST') ? true : cst.has('LAST') ? false : undefined,
  };
}

function selectOf(cst: Cst): QueryNode {
  const relation = cst.one('relation');
  const qualify = cst.maybe('qualify');
  if (qualify !== undefined) throw new SqlError('NOT_SUPPORTED_YET', qualify.span, { what: 'QUALIFY' });
  const only = (rule: string): ExpressionNode | undefined => {
    const clause = cst.maybe(rule);
    return clause && expressionOf(clause.one('expression'));
  };
  const grouping = (rule: string): ExpressionNode[] | undefined => {
    const clause = cst.maybe(rule);
    return clause?.one('groupingList').all('expression').map(expressionOf);
  };
  const window = cst.maybe('window');
  return {
    select: cst.all('selectItem').map(selectItemOf),
    from: sourceOf(relation.one('source')),
    joins: relation.all('join').map(joinOf),
    invokes: relation.all('invokeClause').map(invokeClauseOf),
    window: window && windowOf(window),
    namedWindows: cst
      .all('namedWindows')
      .flatMap((list) => list.all('namedWindow'))
      .map((named) => ({ name: named.name(), over: overOf(named.one('over')) })),
    where: only('where'),
    groupBy: grouping('groupBy'),
    partitionBy: grouping('partitionBy'),
    having: only('having'),
    with: [],
    union: [],
    orderBy: [],
    emit: undefined,
    limit: undefined,
    span: cst.span,
  };
}

function selectItemOf(cst: Cst): SelectItem {
  const { span } = cst;
  if (!cst.has('expression')) return { kind: 'all', source: cst.has('name') ? cst.name() : undefined, span };
  const expression = expressionOf(cst.one('expression'));
  if (cst.has('Star')) return { kind: 'allFields', expression, span };
  return { kind: 'expression', expression, alias: cst.has('name') ? cst.name() : undefined, span };
}

function sourceOf(cst: Cst): SourceNode {
  const refused: [string, string][] = [
    ['mlPredict', 'ML_PREDICT'],
    ['matchRecognize', 'MATCH_RECOGNIZE'],
    ['SYSTEM_TIME', 'FOR SYSTEM_TIME AS OF'],
  ];
  for (const [rule, what] of refused) {
    if (!cst.has(rule)) continue;
    const child = cst.node.children[rule]![0]!;
    const span = 'image' in child ? cst.spanOf(child) : new Cst(child, cst.source).span;
    throw new SqlError('NOT_SUPPORTED_YET', span, { what });
  }
  const [name, alias] = cst.all('name').map((each) => each.asName());
  const query = cst.maybe('query');
  if (query === undefined) return { name: name!, alias, span: cst.span };
  if (name === undefined) throw new SqlError('SUBQUERY_ALIAS', cst.span, {});
  return { name, alias: undefined, query: queryOf(query), span: cst.span };
}

function joinOf(cst: Cst): JoinNode {
  const kind = (['LEFT', 'RIGHT', 'FULL'] as JoinKind[]).find((word) => cst.has(word)) ?? 'INNER';
  const within = cst.maybe('within');
  const durations = within?.all('duration').map(durationOf) ?? [];
  const grace = within?.has('GRACE') === true ? durations.pop() : undefined;
  return {
    kind,
    source: sourceOf(cst.one('source')),
    within: within && { before: durations[0]!, after: durations.at(-1)!, grace },
    on: expressionOf(cst.one('expression')),
    span: cst.span,
  };
}

function invokeClauseOf(cst: Cst): InvokeClause {
  if (cst.has('ROUTE')) throw new SqlError('NOT_SUPPORTED_YET', cst.spanOf(cst.token('ROUTE')), { what: 'ROUTE BY' });
  const version = cst.maybe('version');
  const names = cst.all('name').map((name) => name.asName());
  return {
    model: names[0]!,
    version: version && versionText(version),
    args: invokeArgumentsOf(cst, 'clauseArgument'),
    properties: propertiesOf(cst.maybe('properties')),
    alias: names[1]!,
    span: cst.span,
  };
}

function windowOf(cst: Cst): WindowNode {
  const kind = (['TUMBLING', 'HOPPING', 'SESSION'] as const).find((word) => cst.has(word))!;
  const [size, advance] = cst.all('duration').map(durationOf);
  const tail = cst.one('windowTail');
  const durations = tail.all('duration').map(durationOf);
  return {
    kind,
    size: size!,
    advance,
    retention: tail.has('RETENTION') ? durations[0] : undefined,
    grace: tail.has('GRACE') ? durations.at(-1) : undefined,
    span: cst.span,
  };
}
