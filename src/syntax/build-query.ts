import { SqlError } from '../diagnostics/sql-error.ts';
import { builders, expressionOf, invokeArgumentsOf, orderItemOf, overOf } from './build-expression.ts';
import { matchOf } from './build-match.ts';
import { evaluateQuery, predictQuery } from './build-model-functions.ts';
import { type Cst, durationOf, propertiesOf, stringText, versionText } from './cst.ts';
import type { ExpressionNode, OverNode } from './expressions.ts';
import type { InvokeClause, JoinKind, JoinNode, QueryNode, SelectItem, SourceNode, WindowNode } from './query.ts';

/**
 * Builds a query from the rule `query`. Refuses constructs that the grammar recognises but Millrace does not support, with
 * their position.
 */
export function queryOf(cst: Cst): QueryNode {
  const [first, ...more] = cst.all('selectBody');
  const offset = cst.maybe('offset');
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
    union: more.map((branch) => ({ ...selectOf(branch), emit })),
    orderBy: cst.all('orderItem').map(orderItemOf),
    emit,
    limit: limit === undefined ? undefined : Number(limit.image),
    offset: offset && Number(offset.token('IntegerLiteral').image),
    span: cst.span,
  };
}

builders.query = queryOf;

function selectOf(cst: Cst): QueryNode {
  const relation = cst.one('relation');
  const only = (rule: string): ExpressionNode | undefined => {
    const clause = cst.maybe(rule);
    return clause && expressionOf(clause.one('expression'));
  };
  const grouping = (rule: string): ExpressionNode[] | undefined => {
    const clause = cst.maybe(rule);
    return clause?.one('groupingList').all('expression').map(expressionOf);
  };
  const window = cst.maybe('window');
  const distinct = cst.tokens('DISTINCT')[0];
  return {
    ...(distinct === undefined ? {} : { distinct: cst.spanOf(distinct) }),
    select: cst.all('selectItem').map(selectItemOf),
    from: sourceOf(relation.one('source')),
    joins: relation.all('join').map(joinOf),
    invokes: relation.all('invokeClause').map(invokeClauseOf),
    window: window && windowOf(window),
    namedWindows: cst
      .all('namedWindows')
      .flatMap((list) => list.all('namedWindow'))
      .map((named) => ({ name: named.name(), over: definitionOf(named.one('over')) })),
    where: only('where'),
    groupBy: grouping('groupBy'),
    partitionBy: grouping('partitionBy'),
    having: only('having'),
    qualify: only('qualify'),
    with: [],
    union: [],
    orderBy: [],
    emit: undefined,
    limit: undefined,
    span: cst.span,
  };
}

/** An item of SELECT, or of another list of expressions with names. */
export function selectItemOf(cst: Cst): SelectItem {
  const { span } = cst;
  if (!cst.has('expression')) return { kind: 'all', source: cst.has('name') ? cst.name() : undefined, span };
  const expression = expressionOf(cst.one('expression'));
  if (cst.has('Star')) return { kind: 'allFields', expression, span };
  return { kind: 'expression', expression, alias: cst.has('name') ? cst.name() : undefined, span };
}

function sourceOf(cst: Cst): SourceNode {
  const table = cst.maybe('windowTable') ?? cst.maybe('windowCall');
  if (table !== undefined) {
    const [fn, source, time] = table.all('name').map((part) => part.asName());
    return {
      name: source!,
      alias: cst.has('name') ? cst.name() : undefined,
      window: {
        fn: fn!,
        time: { kind: 'column', qualifier: undefined, name: time!, span: time!.span },
        args: table.all('expression').map(expressionOf),
      },
      span: cst.span,
    };
  }
  const [name, alias] = cst.all('name').map((part) => part.asName());
  const pattern = cst.maybe('matchRecognize');
  const match = pattern && matchOf(pattern);
  const unnamed = name ?? { text: '', span: cst.span };
  if (cst.has('FILE'))
    return {
      name: unnamed,
      alias: undefined,
      file: stringText(cst.token('StringLiteral').image),
      match,
      span: cst.span,
    };
  const predict = cst.maybe('mlPredict');
  const evaluate = cst.maybe('mlEvaluate');
  const called = (predict && predictQuery(predict)) ?? (evaluate && evaluateQuery(evaluate));
  if (called !== undefined) return { name: unnamed, alias: undefined, query: called, match, span: cst.span };
  const query = cst.maybe('query');
  if (query === undefined) {
    const asOf = cst.has('SYSTEM_TIME') ? expressionOf(cst.one('expression')) : undefined;
    return { name: name!, alias, match, ...(asOf === undefined ? {} : { asOf }), span: cst.span };
  }
  return { name: unnamed, alias: undefined, query: queryOf(query), match, span: cst.span };
}

function joinOf(cst: Cst): JoinNode {
  const kind = (['LEFT', 'RIGHT', 'FULL'] as JoinKind[]).find((word) => cst.has(word)) ?? 'INNER';
  const within = cst.maybe('within');
  const durations = within?.all('duration').map(durationOf) ?? [];
  const grace = within?.has('GRACE') === true ? durations.pop() : undefined;
  return {
    kind,
    ...(cst.has('ASOF') ? { isAsOf: true as const } : {}),
    source: sourceOf(cst.one('source')),
    within: within && { before: durations[0]!, after: durations.at(-1)!, grace },
    on: expressionOf(cst.one('expression')),
    span: cst.span,
  };
}

function invokeClauseOf(cst: Cst): InvokeClause {
  const version = cst.maybe('version');
  const names = cst.all('name').map((name) => name.asName());
  return {
    model: names[0]!,
    version: version && versionText(version),
    args: invokeArgumentsOf(cst, 'clauseArgument'),
    routeBy: cst.has('ROUTE') ? expressionOf(cst.one('expression')) : undefined,
    properties: propertiesOf(cst.maybe('properties')),
    alias: names[1]!,
    span: cst.span,
  };
}

/** A WINDOW clause. */
export function windowOf(cst: Cst): WindowNode {
  const kind = (['TUMBLING', 'HOPPING', 'SESSION', 'SLIDING', 'CUMULATE'] as const).find((word) => cst.has(word))!;
  const lengths = cst.all('duration').map(durationOf);
  // The steps of CUMULATE may be told before its size, as Flink does.
  const isStepFirst = cst.has('STEP') && cst.token('STEP').startOffset < cst.token('SIZE').startOffset;
  const [size, advance] = isStepFirst ? lengths.toReversed() : lengths;
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

function definitionOf(cst: Cst): OverNode {
  if (!cst.has('name')) return overOf(cst);
  const { text, span } = cst.name();
  throw new SqlError('OVER_INVALID', span, {
    why: `a window is defined by its clauses, not as "${text}"`,
    hint: `Write OVER ${text} where it is used.`,
  });
}
