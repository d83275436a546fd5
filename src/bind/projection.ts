import type { Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { idsOf, keysOf, reference, type Output, type RowColumn, type Rows } from '../bound/rows.ts';
import { isNull, type BoundColumn, type BoundExpr, type ColumnId } from '../expressions/node.ts';
import type { SelectItem } from '../syntax/query.ts';
import { isPseudoColumn, isWindowBound } from '../types/schema.ts';
import { typeText } from '../types/sql-type.ts';
import { checkOutputKeys } from './checks/output-keys.ts';
import { checkOutputNames } from './checks/output-names.ts';
import type { SelectContext } from './context.ts';
import { replace, type Replacement } from './replace.ts';
import type { Selected, ViableKeys } from './selected.ts';
import type { ScopeColumn, ScopeSource } from './scope.ts';
import type { Typer } from './typer.ts';

export interface ProjectionOptions {
  /** Expressions that are already columns of the rows, such as grouping keys and aggregates. */
  readonly replacements: readonly Replacement[];
  /** For each key column of a join, its viable columns: the first one that is selected becomes the key. */
  readonly viableKeys: ViableKeys | undefined;
  /** Whether a result that does not name all keys has none. */
  readonly mayLoseKeys?: () => boolean;
  /** A key column that `*` does not have: the number of ranked rows. */
  readonly unlisted?: ColumnId | undefined;
  /** Checks each SELECT expression, before the keys of the result are checked. */
  readonly check: (expr: BoundExpr, span: Span) => void;
  readonly checkAll?: () => void;
}

export interface BoundProjection {
  readonly outputs: readonly Output[];
  /** The key columns that SELECT chose for the join below. */
  readonly joinKeys: readonly BoundColumn[] | undefined;
  /** For a subquery or WITH query: columns that the outer query may read although SELECT does not list them. */
  readonly hidden: ReadonlySet<ColumnId>;
}

/** Types the SELECT list over `rows` and names its columns. */
export function bindProjection(
  context: SelectContext,
  typer: Typer,
  rows: Rows,
  { replacements, viableKeys, mayLoseKeys, unlisted, check, checkAll }: ProjectionOptions,
): BoundProjection {
  const { query, options } = context;
  const selected = query.select.flatMap((item) =>
    item.kind === 'all'
      ? expandStar(item, context, rows, viableKeys).filter(
          ({ expr }) => unlisted === undefined || !isColumn(expr, unlisted),
        )
      : selectItem(item, context, typer, replacements),
  );
  if (selected.length === 0) throw new SqlError('NO_COLUMNS', query.span, {});
  for (const { expr, span } of selected) check(expr, span);
  checkAll?.();
  checkOutputNames(selected, rows, context);
  const isSelected = ({ id }: BoundColumn): boolean => selected.some(({ expr }) => isColumn(expr, id));
  const joinKeys = viableKeys?.map((columns) => columns.find(isSelected) ?? columns[0]!);
  const given = joinKeys ?? keysOf(rows.columns).map(reference);
  const keys = given.every(isSelected) || mayLoseKeys?.() !== true ? given : [];
  if (options.purpose === 'persistent') checkOutputKeys(selected, keys, context, viableKeys);
  const outputs = selected.map(({ expr, name }): Output => ({
    id: context.ids.next(),
    name,
    expr,
    role: keys.some(({ id }) => isColumn(expr, id)) ? 'key' : 'value',
  }));
  if (options.purpose === 'part') {
    const part = partOutputs(outputs, keys, rows, context);
    if (rows.shape === 'TABLE' && !part.hasKeys) checkOutputKeys(selected, keys, context, viableKeys);
    return { outputs: part.outputs, joinKeys, hidden: idsOf(part.outputs.slice(outputs.length)) };
  }
  if (options.purpose !== 'persistent') return { outputs, joinKeys, hidden: new Set() };
  // A topic holds the window bounds in its keys.
  const isBound = ({ name, expr }: Output): boolean =>
    rows.windowed !== undefined && isWindowBound(name) && expr.kind === 'column' && isWindowBound(expr.name);
  const kept = outputs.filter((output) => !isBound(output));
  if (query.distinct === undefined && !kept.some(({ role }) => role === 'value'))
    throw new SqlError('NO_VALUE_COLUMNS', query.span, {});
  // Key columns come first, whatever their position in the SELECT list; a client's query keeps the order of SELECT.
  return { outputs: keysFirst(kept, keys), joinKeys, hidden: new Set() };
}

const isColumn = (expr: BoundExpr, id: ColumnId): boolean => expr.kind === 'column' && expr.id === id;

/**
 * The columns of a subquery or WITH query. A stream whose keys are not all selected has no key. ROWTIME and the window bounds
 * are appended when SELECT leaves them out.
 */
function partOutputs(
  outputs: readonly Output[],
  keys: readonly BoundColumn[],
  rows: Rows,
  { ids }: SelectContext,
): { outputs: readonly Output[]; hasKeys: boolean } {
  const places = keys.map(({ id }) => outputs.findIndex(({ expr }) => isColumn(expr, id)));
  const hasKeys = places.every((place) => place >= 0);
  const selected = outputs.map((output, i): Output => ({
    ...output,
    role: hasKeys && places.includes(i) ? 'key' : 'value',
  }));
  const inOrder = places.every((place, i) => i === 0 || place > places[i - 1]!);
  const left = ['ROWTIME', 'WINDOWSTART', 'WINDOWEND'].flatMap((name): Output[] => {
    // The ROWTIME columns of a join belong to its sources: none is that of the joined row.
    const column = rows.columns.find((candidate) => candidate.source === undefined && candidate.name === name);
    const isWanted = column !== undefined && !outputs.some((output) => output.name === name);
    return isWanted ? [{ id: ids.next(), name, expr: reference(column), role: 'value' }] : [];
  });
  return { outputs: [...(hasKeys && !inOrder ? keysFirst(selected, keys) : selected), ...left], hasKeys };
}

function keysFirst(outputs: readonly Output[], keys: readonly BoundColumn[]): Output[] {
  const first = keys
    .map(({ id }) => outputs.find(({ expr, role }) => role === 'key' && isColumn(expr, id)))
    .filter((output) => output !== undefined);
  return [...first, ...outputs.filter(({ role }) => role === 'value')];
}

function selectItem(
  item: Exclude<SelectItem, { kind: 'all' }>,
  context: SelectContext,
  typer: Typer,
  replacements: readonly Replacement[],
): Selected[] {
  const { span } = item;
  const typed = typer.type(item.expression);
  const expr = replace(typed, replacements);
  if (item.kind === 'allFields') {
    if (expr.type.kind !== 'STRUCT') throw new SqlError('NOT_A_STRUCT', span, { type: typeText(expr.type) });
    return expr.type.fields.map(({ name, type }) => ({
      expr: { kind: 'field', operand: expr, field: name, type },
      name: context.names.unique(name),
      span,
    }));
  }
  if (isNull(expr)) throw new SqlError('NULL_OPERAND', span, { operation: 'SELECT' });
  if (expr.kind === 'unit')
    throw new SqlError('COLUMN_NOT_FOUND', span, { column: expr.unit, candidates: [], suggestion: undefined });
  return [{ expr, name: item.alias?.text ?? defaultName(typed, item, context), span }];
}

function defaultName(
  expr: BoundExpr,
  item: Extract<SelectItem, { kind: 'expression' }>,
  { scope, joined, itemNames, names }: SelectContext,
): string {
  const node = item.expression;
  if (node.kind !== 'column') return itemNames.get(item) ?? names.column();
  const origin = expr.kind === 'column' && joined ? scope.find(expr.id) : undefined;
  const { text } = node.name;
  return origin !== undefined && scope.isShared(text) ? `${origin.source.alias}_${text}` : text;
}

function expandStar(
  item: Extract<SelectItem, { kind: 'all' }>,
  { scope, joined, query }: SelectContext,
  rows: Rows,
  viableKeys: ViableKeys | undefined,
): Selected[] {
  const { span } = item;
  const sources = item.source === undefined ? scope.sources : [scope.source(item.source)];
  const present = idsOf(rows.columns);
  const select = (source: ScopeSource, { column }: ScopeColumn): Selected => ({
    expr: column,
    name: joined ? `${source.alias}_${column.name}` : column.name,
    span,
    starred: true,
  });
  // Key columns that belong to no source (ROWKEY, KSQL_COL_n, ROWTIME) are the first columns of `*`.
  const isNew = ({ id, name }: Pick<RowColumn, 'id' | 'name'>): boolean =>
    scope.find(id) === undefined || (isPseudoColumn(name) && !isWindowBound(name));
  const made: Selected[] = [];
  if (item.source === undefined) {
    for (const column of keysOf(rows.columns))
      if (isNew(column)) made.push({ expr: reference(column), name: column.name, span });
    const isMade = made.length > 0;
    for (const [only, ...others] of isMade ? [] : (viableKeys ?? []))
      if (others.length === 0 && scope.find(only!.id) === undefined && present.has(only!.id))
        made.push({ expr: only!, name: only!.name, span });
  }
  const isBound = ({ column }: ScopeColumn): boolean => isWindowBound(column.name);
  const columns = sources.flatMap((source) =>
    source.columns
      // Behind a GROUP BY all count: those that are not grouped by are refused.
      .filter(({ hidden, column }) => !hidden && (present.has(column.id) || query.groupBy !== undefined))
      .sort((a, b) => Number(isBound(b) && !a.isKey) - Number(isBound(a) && !b.isKey))
      .sort((a, b) => (query.partitionBy === undefined ? 0 : Number(a.isKey) - Number(b.isKey)))
      .map((column) => select(source, column)),
  );
  return [...made, ...columns];
}
