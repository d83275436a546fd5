import type { Catalog, SourceObject } from '../catalog/catalog.ts';
import { reference, type RowColumn, type Rows } from '../bound/rows.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { Span } from '../diagnostics/source.ts';
import { idsIn, mapColumns, slotColumn, type BoundExpr, type ColumnId, type Expr } from '../expressions/node.ts';
import type { JoinNode, QueryNode } from '../syntax/query.ts';
import { isPseudoColumn } from '../types/schema.ts';
import { BIGINT, typeText, type SqlType } from '../types/sql-type.ts';
import { ColumnIds, requireSource, selectContext, type SelectContext } from './context.ts';
import { aliasesOf } from './from.ts';
import { joinConditions } from './join-conditions.ts';
import { bindProjection } from './projection.ts';
import { Scope, type ScopeSource } from './scope.ts';
import { Typer } from './typer.ts';

/** A column of the rows that a training set begins with. */
export interface SpineColumn {
  readonly name: string;
  readonly type: SqlType;
}

/**
 * A view joined as of a time. Its row has a slot for each of `reads`, from `firstSlot` on. Keys and time are expressions over the rows
 * of the spine.
 */
export interface PointInTimeJoin {
  readonly view: SourceObject;
  readonly isInner: boolean;
  readonly keys: readonly Expr[];
  readonly keyNames: readonly string[];
  readonly asOf: Expr;
  readonly firstSlot: number;
  readonly reads: readonly string[];
}

/** A training set whose names are resolved: expressions are over the columns of the spine, then those of each join. */
export interface BoundTrainingSet {
  readonly joins: readonly PointInTimeJoin[];
  readonly where: Expr | undefined;
  readonly outputs: readonly { readonly name: string; readonly expr: Expr }[];
  readonly width: number;
}

const invalid = (span: Span, why: string): never => {
  throw new SqlError('TRAINING_SET_INVALID', span, { why });
};

/** Binds the query of a training set over a spine with these columns. */
export function bindTrainingSet(query: QueryNode, spine: readonly SpineColumn[], catalog: Catalog): BoundTrainingSet {
  refuseClauses(query);
  const ids = new ColumnIds();
  const aliases = aliasesOf([query.from, ...query.joins.map(({ source }) => source)]);
  const views = query.joins.map((join) => viewOf(join, catalog));
  const sides = [
    rowsOf(spine, [], aliases[0]!, ids),
    ...views.map(({ spec, featureView }, i) => {
      const keys = featureView?.entityKey ?? spec.schema.filter(({ role }) => role === 'key').map(({ name }) => name);
      return rowsOf([...spec.schema, { name: 'ROWTIME', type: BIGINT }], keys, aliases[i + 1]!, ids);
    }),
  ];
  const scope = new Scope(sides.map((rows, i) => scopeOf(rows, aliases[i]!)));
  const context = selectContext(query, scope, {
    catalog,
    options: { purpose: 'push', suppressEnabled: true, aggregates: 'standard' },
    ids,
  });
  const all = sides.flatMap(({ columns }) => columns);
  const slots = new Map(all.map(({ id }, slot) => [id, slot]));
  const lowered = (expr: BoundExpr): Expr =>
    mapColumns(expr, ({ id, name, type }) => slotColumn(slots.get(id)!, name, type));
  let firstSlot = sides[0]!.columns.length;
  const joins = query.joins.map((join, i): PointInTimeJoin => {
    const { keys, keyNames, asOf } = conditionsOf(join, context, sides[0]!, sides[i + 1]!);
    const reads = sides[i + 1]!.columns.map(({ name }) => name);
    const at = firstSlot;
    firstSlot += reads.length;
    const isInner = join.kind === 'INNER';
    return { view: views[i]!, isInner, keys: keys.map(lowered), keyNames, asOf: lowered(asOf), firstSlot: at, reads };
  });
  const typer = new Typer(scope, catalog.types, 'SELECT');
  const where = query.where && typer.with('WHERE', {}).boolean(query.where, 'WHERE');
  const rows: Rows = { columns: all, shape: 'STREAM', windowed: undefined };
  const { outputs } = bindProjection(context, typer, rows, {
    replacements: [],
    viableKeys: undefined,
    check: () => undefined,
  });
  return {
    joins,
    where: where && lowered(where),
    outputs: outputs.map(({ name, expr }) => ({ name, expr: lowered(expr) })),
    width: all.length,
  };
}

function refuseClauses(query: QueryNode): void {
  const clauses: [unknown, string][] = [
    [query.with[0], 'WITH'],
    [query.invokes[0], 'INVOKE MODEL'],
    [
      [query.from, ...query.joins.map(({ source }) => source)].find(({ match }) => match !== undefined),
      'MATCH_RECOGNIZE',
    ],
    [query.window, 'WINDOW'],
    [query.groupBy, 'GROUP BY'],
    [query.partitionBy, 'PARTITION BY'],
    [query.having, 'HAVING'],
    [query.qualify, 'QUALIFY'],
    [query.union[0], 'UNION ALL'],
    [query.orderBy[0], 'ORDER BY'],
    [query.limit, 'LIMIT'],
    [query.offset, 'OFFSET'],
    [query.emit, 'EMIT'],
  ];
  const unfit = clauses.find(([clause]) => clause !== undefined);
  if (unfit !== undefined)
    invalid(query.span, `its query has no ${unfit[1]}: put it in a view, or in a subquery of FROM`);
  if (query.from.asOf !== undefined) invalid(query.from.span, 'FOR SYSTEM_TIME AS OF is for what is joined');
}

function viewOf({ source, kind, within, isAsOf, span }: JoinNode, catalog: Catalog): SourceObject {
  if (isAsOf === true)
    invalid(span, 'ASOF JOIN is for streams; say FOR SYSTEM_TIME AS OF of what time a view is joined');
  if (kind !== 'INNER' && kind !== 'LEFT')
    invalid(span, `it keeps or drops rows of the spine: LEFT or INNER JOIN, not ${kind}`);
  if (within !== undefined)
    invalid(span, 'WITHIN is for joins of streams; how old a row may be is the TTL of its view');
  if (source.query !== undefined || source.file !== undefined)
    invalid(source.span, 'what is joined is a feature view or a table');
  const found = requireSource(catalog, source.name);
  if (found.featureView === undefined && found.spec.kind === 'STREAM')
    invalid(source.name.span, `${found.spec.name} is a stream, and what is joined is a feature view or a table`);
  if (source.asOf === undefined)
    invalid(source.span, `it must say of what time: ${found.spec.name} FOR SYSTEM_TIME AS OF time AS alias`);
  return found;
}

/** The columns of one side; `keys` are those that rows are found by. */
function rowsOf(columns: readonly SpineColumn[], keys: readonly string[], source: string, ids: ColumnIds): Rows {
  return {
    columns: columns.map(({ name, type }): RowColumn => ({
      id: ids.next(),
      name,
      source,
      type,
      role: keys.includes(name) ? 'key' : 'value',
    })),
    shape: keys.length === 0 ? 'STREAM' : 'TABLE',
    windowed: undefined,
  };
}

const scopeOf = ({ columns }: Rows, alias: string): ScopeSource => ({
  alias,
  name: alias,
  columns: columns.map((column) => ({
    column: reference(column),
    hidden: isPseudoColumn(column.name),
    isKey: column.role === 'key',
  })),
});

/** ON has an equality for each column of the key, with an expression over the spine; so is the time. */
function conditionsOf(
  join: JoinNode,
  context: SelectContext,
  spine: Rows,
  right: Rows,
): { readonly keys: readonly BoundExpr[]; readonly keyNames: readonly string[]; readonly asOf: BoundExpr } {
  const { leftKeys, rightKeys, rest } = joinConditions(context, join, spine, right);
  const keyColumns = right.columns.filter(({ role }) => role === 'key');
  const keyOf = ({ id }: RowColumn): BoundExpr | undefined =>
    leftKeys[rightKeys.findIndex((expr) => expr.kind === 'column' && expr.id === id)];
  const keys = keyColumns.map(keyOf).filter((key) => key !== undefined);
  if (keys.length < keyColumns.length || keys.length < leftKeys.length || rest !== undefined)
    invalid(
      join.on.span,
      `ON is an equality for each column of the key of ${join.source.name.text}, which is ${keyColumns.map(({ name }) => name).join(', ')}`,
    );
  const node = join.source.asOf!;
  const asOf = new Typer(context.scope, context.catalog.types, 'AS OF').type(node);
  if (asOf.type.kind !== 'BIGINT' && asOf.type.kind !== 'TIMESTAMP')
    invalid(node.span, `AS OF must be a BIGINT or a TIMESTAMP, and this is ${typeText(asOf.type)}`);
  const known = new Set<ColumnId>(spine.columns.map(({ id }) => id));
  if ([...idsIn([asOf])].some((id) => !known.has(id))) invalid(node.span, 'AS OF is a time of the row of the spine');
  return { keys, keyNames: keyColumns.map(({ name }) => name), asOf };
}
