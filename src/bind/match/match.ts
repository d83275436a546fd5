import type { BoundMatch } from '../../bound/query.ts';
import { idsOf, reference, type NamedExpr, type RowColumn } from '../../bound/rows.ts';
import type { BoundExpr } from '../../expressions/node.ts';
import type { MatchNode } from '../../syntax/match.ts';
import type { QueryNode } from '../../syntax/query.ts';
import { BIGINT } from '../../types/sql-type.ts';
import type { QueryBinder, Relation } from '../context.ts';
import { NameGenerator } from '../names.ts';
import { defaultGraceMs } from '../over/grace.ts';
import { Scope } from '../scope.ts';
import { bindSortKey } from '../sort-key.ts';
import { Typer } from '../typer.ts';
import { NavigationBinder } from './navigation.ts';
import { bindPattern, bindSkip, refuse, variablesOf } from './pattern.ts';

/** Binds MATCH_RECOGNIZE over a relation, which must be a stream: the relation of its matches. */
export function matched(relation: Relation, match: MatchNode, emit: QueryNode['emit'], binder: QueryBinder): Relation {
  const { bound: input, scope: source } = relation;
  const { ids, catalog } = binder;
  if (input.rows.shape === 'TABLE')
    refuse(
      match.span,
      'a pattern is searched for in a stream, whose rows stay as they are',
      'Read the stream that the table is made of.',
    );
  if (match.allRows !== undefined)
    refuse(
      match.allRows,
      'a match gives one row',
      'Write ONE ROW PER MATCH, and what you want of its rows as MEASURES.',
    );
  const variables = variablesOf(match);
  const rows = new Typer(new Scope([source]), catalog.types, 'MATCH_RECOGNIZE');
  const names = new NameGenerator([]);
  const partitionBy = match.partitionBy.map((node): NamedExpr => {
    const expr = rows.type(node);
    return { id: expr.kind === 'column' ? expr.id : ids.next(), name: nameOf(expr, names), expr };
  });
  const navigations = new NavigationBinder(rows, variables, ids);
  const pattern = bindPattern(match.pattern, variables);
  if (match.measures.length === 0)
    refuse(
      match.span,
      'MEASURES are needed: they are the columns of a match',
      'Write MEASURES LAST(A.price) AS price, say.',
    );
  const measures = match.measures.map(({ expression }) => navigations.bind(expression, 'MEASURES', false));
  const columns: RowColumn[] = [
    ...partitionBy.map(({ id, name, expr }): RowColumn => ({ id, name, type: expr.type, role: 'key' })),
    ...match.measures.map(({ name }, i): RowColumn => ({
      id: ids.next(),
      name: name.text,
      type: measures[i]!.expr.type,
      role: 'value',
    })),
    { id: ids.next(), name: 'ROWTIME', type: BIGINT, role: 'value' },
  ];
  columns.forEach(({ name }, i) => {
    const at = i - partitionBy.length;
    if (at >= 0 && columns.findIndex((column) => column.name === name) !== i)
      refuse(
        match.measures[at]?.name.span ?? match.span,
        `there are two columns ${name}`,
        'Give the measure another name.',
      );
  });
  const bound: BoundMatch = {
    kind: 'match',
    alias: input.alias,
    input,
    rows: { columns, shape: 'STREAM', windowed: undefined },
    windowSizeMs: undefined,
    partitionBy,
    pattern,
    variables: variables.names,
    conditions: variables.names.map((name) => {
      const definition = match.define.find(({ variable }) => variable.text === name);
      return definition && navigations.bind(definition.condition, `DEFINE ${name}`, true);
    }),
    measures,
    skip: bindSkip(match.skip, pattern, variables),
    withinMs: match.within?.ms,
    ...orderOf(match, emit === 'FINAL', rows),
  };
  const keys = idsOf(partitionBy);
  const { alias, name } = source;
  const shown = columns.map((column) => ({
    column: reference(column),
    hidden: column.name === 'ROWTIME',
    isKey: keys.has(column.id),
  }));
  return { ...relation, bound, scope: { alias, name, columns: shown } };
}

function nameOf(expr: BoundExpr, names: NameGenerator): string {
  if (expr.kind === 'column') return expr.name;
  return expr.kind === 'field' ? names.unique(expr.field) : names.column();
}

/** The first item of ORDER BY is the time of the rows; with EMIT FINAL further ones order the rows of one time. */
function orderOf(
  { orderBy, span, grace }: MatchNode,
  isFinal: boolean,
  rows: Typer,
): Pick<BoundMatch, 'orderBy' | 'final'> {
  const [first, ...rest] = orderBy;
  if (first === undefined)
    return refuse(
      span,
      'ORDER BY is needed: it says what the time of a row is',
      'Write ORDER BY ROWTIME, or a column that holds a time.',
    );
  const typer = rows.with('ORDER BY', {});
  const expr = typer.type(first.expression);
  if (
    first.descending ||
    first.nullsFirst !== undefined ||
    (expr.type.kind !== 'BIGINT' && expr.type.kind !== 'TIMESTAMP')
  )
    refuse(
      first.expression.span,
      'rows are in order of an ascending time, a BIGINT or TIMESTAMP of milliseconds',
      'Write ORDER BY ROWTIME, or a column that holds a time.',
    );
  if (isFinal) {
    const thenBy = rest.map((item) => bindSortKey(item, typer));
    return { orderBy: expr, final: { graceMs: grace?.length.ms ?? defaultGraceMs, thenBy } };
  }
  if (rest[0] !== undefined)
    refuse(
      rest[0].expression.span,
      'with EMIT CHANGES rows are taken in the order in which they come',
      'Write EMIT FINAL, which waits for late rows and takes all in order, or ORDER BY the time alone.',
    );
  if (grace !== undefined)
    refuse(
      grace.span,
      'with EMIT CHANGES no row is waited for',
      'Write EMIT FINAL, which waits for late rows, or leave GRACE PERIOD out.',
    );
  return { orderBy: expr, final: undefined };
}
