import type { Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { column, isNull, mapChildren, type Expr } from '../expressions/node.ts';
import { project } from '../plan/logical/build.ts';
import { keysOf, type LogicalNode, type PlanColumn } from '../plan/logical/node.ts';
import type { SelectItem } from '../syntax/query.ts';
import { isPseudoColumn, isWindowBound } from '../types/schema.ts';
import { typeText } from '../types/sql-type.ts';
import type { SelectContext } from './context.ts';
import type { ScopeColumn, ScopeSource } from './scope.ts';
import type { Typer } from './typer.ts';

interface Selected {
  readonly expr: Expr;
  readonly name: string;
  readonly span: Span;
  /** Part of a `*`. */
  readonly starred?: true;
}

/** For each key column of a join: the columns that may serve as it, the preferred first. */
type ViableKeys = readonly (readonly string[])[];

export interface Projection {
  readonly joinKeys: readonly string[] | undefined;
  /** Of a query that is part of another: columns that it gives though SELECT does not name them. */
  readonly hidden: readonly string[];
  readonly apply: (plan: LogicalNode) => LogicalNode;
}

/**
 * Types the SELECT list and names its columns. `viableKeys` are, for each key column of a join, the columns that may serve as it;
 * the first of them that is selected does.
 */
export function planProjection(
  context: SelectContext,
  typer: Typer,
  plan: LogicalNode,
  viableKeys?: ViableKeys,
): Projection {
  const selected = context.query.select.flatMap((item) => selectItem(item, context, typer, plan, viableKeys));
  if (selected.length === 0) throw new SqlError('NO_COLUMNS', context.query.span, {});
  for (const { expr, span } of selected) context.checkSelected?.(expr, span);
  context.checkProjection?.();
  checkNames(selected, context, plan);
  const isSelected = (name: string): boolean =>
    selected.some(({ expr }) => expr.kind === 'column' && expr.name === name);
  const joinKeys = viableKeys?.map((names) => names.find(isSelected) ?? names[0]!);
  const keys = joinKeys ?? keysOf(plan.columns).map(({ name }) => name);
  if (context.options.purpose === 'persistent') checkKeys(selected, keys, context, viableKeys);
  const bounds = plan.windowed === undefined ? [] : ['WINDOWSTART', 'WINDOWEND'];
  const exprs = selected.map(({ expr, name }) => ({
    name,
    expr,
    role: expr.kind === 'column' && keys.includes(expr.name) ? ('key' as const) : ('value' as const),
  }));
  const kept =
    context.options.purpose === 'persistent'
      ? exprs.filter(
          ({ name, expr }) => !(bounds.includes(name) && expr.kind === 'column' && bounds.includes(expr.name)),
        )
      : exprs;
  if (context.options.purpose === 'persistent' && !kept.some(({ role }) => role === 'value'))
    throw new SqlError('NO_VALUE_COLUMNS', context.query.span, {});
  if (context.options.purpose === 'part') {
    const part = partColumns(exprs, keys, plan);
    if (plan.shape === 'TABLE' && !part.hasKeys) checkKeys(selected, keys, context, viableKeys);
    const hidden = part.columns.slice(exprs.length).map(({ name }) => name);
    return { joinKeys, hidden, apply: (input) => project(input, part.columns) };
  }
  // Keys come first whatever their place in the SELECT list; a client of a query sees its own order.
  const ordered = context.options.purpose === 'persistent' ? orderKeys(kept, keys) : kept;
  return { joinKeys, hidden: [], apply: (input) => project(input, ordered) };
}

type Column = { readonly name: string; readonly expr: Expr; readonly role: PlanColumn['role'] };

/**
 * The columns of a query that is part of another: a stream whose keys are not all selected has none, and the time of its rows and
 * their window, which SELECT may leave out, come behind the others.
 */
function partColumns(
  exprs: readonly Column[],
  keys: readonly string[],
  plan: LogicalNode,
): { columns: readonly Column[]; hasKeys: boolean } {
  const isOf = (key: string) => (each: Column) => each.expr.kind === 'column' && each.expr.name === key;
  const places = keys.map((key) => exprs.findIndex(isOf(key)));
  const hasKeys = places.every((place) => place >= 0);
  const given = exprs.map((each, i): Column => ({ ...each, role: hasKeys && places.includes(i) ? 'key' : 'value' }));
  const inOrder = places.every((place, i) => i === 0 || place > places[i - 1]!);
  const left = ['ROWTIME', 'WINDOWSTART', 'WINDOWEND'].flatMap((name): Column[] => {
    const found = plan.columns.find((each) => each.name === name);
    const wanted = found !== undefined && !exprs.some((each) => each.name === name);
    return wanted ? [{ name, expr: column(name, found.type), role: 'value' }] : [];
  });
  return { columns: [...(hasKeys && !inOrder ? orderKeys(given, keys) : given), ...left], hasKeys };
}

function orderKeys(exprs: readonly Column[], keys: readonly string[]): Column[] {
  const keyExprs = keys
    .map((key) => exprs.find(({ expr, role }) => role === 'key' && expr.kind === 'column' && expr.name === key))
    .filter((each) => each !== undefined);
  return [...keyExprs, ...exprs.filter(({ role }) => role === 'value')];
}

function selectItem(
  item: SelectItem,
  context: SelectContext,
  typer: Typer,
  plan: LogicalNode,
  viableKeys: ViableKeys | undefined,
): Selected[] {
  if (item.kind === 'all') return expandStar(item, context, plan, viableKeys);
  const expr = replace(typer.type(item.expression), context.replacements ?? []);
  if (item.kind === 'allFields') {
    if (expr.type.kind !== 'STRUCT') throw new SqlError('NOT_A_STRUCT', item.span, { type: typeText(expr.type) });
    return expr.type.fields.map(({ name, type }) => ({
      expr: { kind: 'field', operand: expr, field: name, type },
      name: context.names.unique(name),
      span: item.span,
    }));
  }
  if (isNull(expr)) throw new SqlError('NULL_OPERAND', item.span, { operation: 'SELECT' });
  if (expr.kind === 'unit')
    throw new SqlError('COLUMN_NOT_FOUND', item.span, { column: expr.unit, candidates: [], suggestion: undefined });
  return [{ expr, name: item.alias?.text ?? defaultName(expr, item, context), span: item.span }];
}

/** Replaces every part that equals a key expression by the key column. */
export function replace(expr: Expr, replacements: NonNullable<SelectContext['replacements']>): Expr {
  if (replacements.length === 0) return expr;
  const text = JSON.stringify(expr);
  const found = replacements.find((each) => JSON.stringify(each.expr) === text);
  if (found !== undefined) return found.by;
  return mapChildren(expr, (child) => replace(child, replacements));
}

function defaultName(expr: Expr, item: Extract<SelectItem, { kind: 'expression' }>, context: SelectContext): string {
  const node = item.expression;
  if (node.kind === 'column') {
    const found = expr.kind === 'column' ? context.scope.find(expr.name) : undefined;
    if (found !== undefined && context.joined && context.scope.isShared(found.column.name))
      return `${found.source.alias}_${found.column.name}`;
    return node.name.text;
  }
  return context.itemNames.get(item) ?? context.names.column();
}

function expandStar(
  item: Extract<SelectItem, { kind: 'all' }>,
  context: SelectContext,
  plan: LogicalNode,
  viableKeys: ViableKeys | undefined,
): Selected[] {
  const { scope, joined } = context;
  const sources = item.source === undefined ? scope.sources : [scope.source(item.source)];
  const has = new Set(plan.columns.map(({ name }) => name));
  const one = (source: ScopeSource, each: ScopeColumn): Selected => ({
    expr: column(each.internal, each.type),
    name: joined ? `${source.alias}_${each.name}` : each.name,
    span: item.span,
    starred: true,
  });
  const synthetic: Selected[] = [];
  // A key that no source has (ROWKEY, KSQL_COL_n, ROWTIME) is part of `*`, before the others.
  const isNew = (name: string): boolean => !scope.has(name) || (isPseudoColumn(name) && !isWindowBound(name));
  for (const each of plan.columns) {
    if (isNew(each.name) && each.role === 'key' && item.source === undefined)
      synthetic.push({ expr: column(each.name, each.type), name: each.name, span: item.span });
  }
  for (const [only, ...others] of item.source === undefined && synthetic.length === 0 ? (viableKeys ?? []) : []) {
    const key = others.length > 0 ? undefined : plan.columns.find(({ name }) => name === only && !scope.has(name));
    if (key !== undefined) synthetic.push({ expr: column(key.name, key.type), name: key.name, span: item.span });
  }
  const columns = sources.flatMap((source) =>
    source.columns
      .filter(({ hidden, internal }) => !hidden && has.has(internal))
      .sort((a, b) => Number(isWindowBound(b.name) && !a.isKey) - Number(isWindowBound(a.name) && !b.isKey))
      .sort((a, b) => (context.query.partitionBy === undefined ? 0 : Number(a.isKey) - Number(b.isKey)))
      .map((each) => one(source, each)),
  );
  return [...synthetic, ...columns];
}

/** Pseudo columns keep their names to themselves, but for the key that PARTITION BY made of one. */
function checkNames(selected: readonly Selected[], context: SelectContext, plan: LogicalNode): void {
  const keys = keysOf(plan.columns).map(({ name }) => name);
  const seen = new Set<string>();
  for (const { name, span, expr, starred } of selected) {
    if (seen.has(name)) throw new SqlError('DUPLICATE_COLUMN', span, { column: name });
    seen.add(name);
    const isItself = (starred === true || keys.includes(name)) && expr.kind === 'column' && expr.name === name;
    const isSame = isItself || (context.options.purpose === 'part' && expr.kind === 'column' && expr.name === name);
    if (['persistent', 'part'].includes(context.options.purpose) && isPseudoColumn(name) && !isSame)
      throw new SqlError('RESERVED_COLUMN', span, { column: name });
  }
}

/** A persistent result must hold each key column exactly once. */
function checkKeys(
  selected: readonly Selected[],
  keys: readonly string[],
  context: SelectContext,
  viableKeys: ViableKeys | undefined,
): void {
  const missing = keys.filter((key) => !selected.some(({ expr }) => expr.kind === 'column' && expr.name === key));
  const written = (key: string): string => {
    const found = context.scope.find(key);
    return found === undefined || !context.scope.has(key)
      ? key
      : context.joined
        ? `${found.source.alias}.${found.column.name}`
        : found.column.name;
  };
  if (missing.length > 0) {
    const choices = missing.map((key) => (viableKeys?.[keys.indexOf(key)] ?? [key]).map(written));
    throw new SqlError('KEY_MISSING', context.query.span, {
      keys: choices.map((names) => names.join(' or ')).join(', '),
      example: choices[0]![0]!,
    });
  }
  for (const key of keys) {
    const twice = selected.filter(({ expr }) => expr.kind === 'column' && expr.name === key);
    if (twice.length > 1) throw new SqlError('KEY_TWICE', twice[1]!.span, { key: written(key) });
  }
}
