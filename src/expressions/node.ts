import type { BOOLEAN as BooleanConstant, Long, SqlType, Value } from '../types/sql-type.ts';
import { canonical } from '../types/numbers.ts';
import { InternalError } from '../util/internal-error.ts';

/** A column of a step's input, identified by its slot in the row. The name is only shown to users. */
export interface SlotColumn {
  readonly kind: 'column';
  readonly slot: number;
  readonly name: string;
  readonly type: SqlType;
}

/** Identifies a column within one bind: two columns of the same name have two ids. */
export type ColumnId = number;

/** A column in a bound query, identified by its id. Name and source are only shown to users. */
export interface BoundColumn {
  readonly kind: 'column';
  readonly id: ColumnId;
  readonly name: string;
  /** The alias of its source, where the query has several sources. */
  readonly source?: string;
  readonly type: SqlType;
}
export type AnyColumn = SlotColumn | BoundColumn;

/** Expressions of physical plans: stored in steps and compiled by the runtime. */
export type Expr = ExprOf<SlotColumn>;
/** Expressions of bound queries and logical plans. */
export type BoundExpr = ExprOf<BoundColumn>;

/** A typed expression as plain JSON, which physical plans store. Every node carries the type of its value. */
export type ExprOf<C extends AnyColumn> =
  | Literal
  | C
  | { readonly kind: 'call'; readonly fn: string; readonly args: readonly ExprOf<C>[]; readonly type: SqlType }
  | {
      readonly kind: 'arithmetic';
      readonly op: '+' | '-' | '*' | '/' | '%';
      readonly left: ExprOf<C>;
      readonly right: ExprOf<C>;
      readonly type: SqlType;
    }
  | { readonly kind: 'negate'; readonly operand: ExprOf<C>; readonly type: SqlType }
  | {
      readonly kind: 'compare';
      readonly op: '=' | '<>' | '<' | '<=' | '>' | '>=';
      readonly left: ExprOf<C>;
      readonly right: ExprOf<C>;
      readonly type: BooleanType;
    }
  | {
      readonly kind: 'logic';
      readonly op: 'AND' | 'OR';
      readonly left: ExprOf<C>;
      readonly right: ExprOf<C>;
      readonly type: BooleanType;
    }
  | { readonly kind: 'not'; readonly operand: ExprOf<C>; readonly type: BooleanType }
  | { readonly kind: 'isNull'; readonly operand: ExprOf<C>; readonly negated: boolean; readonly type: BooleanType }
  | {
      readonly kind: 'distinct';
      readonly left: ExprOf<C>;
      readonly right: ExprOf<C>;
      readonly negated: boolean;
      readonly type: BooleanType;
    }
  | {
      readonly kind: 'in';
      readonly operand: ExprOf<C>;
      readonly items: readonly ExprOf<C>[];
      readonly type: BooleanType;
    }
  | {
      readonly kind: 'like';
      readonly operand: ExprOf<C>;
      readonly pattern: ExprOf<C>;
      readonly escape: string | null;
      /** ILIKE. */
      readonly ignoresCase?: true;
      readonly type: BooleanType;
    }
  | {
      readonly kind: 'case';
      readonly whens: readonly { readonly when: ExprOf<C>; readonly then: ExprOf<C> }[];
      readonly otherwise: ExprOf<C>;
      readonly type: SqlType;
    }
  | {
      readonly kind: 'cast';
      readonly operand: ExprOf<C>;
      readonly type: SqlType;
      /** TRY_CAST. */ readonly isTry?: true;
    }
  | { readonly kind: 'subscript'; readonly operand: ExprOf<C>; readonly index: ExprOf<C>; readonly type: SqlType }
  | { readonly kind: 'field'; readonly operand: ExprOf<C>; readonly field: string; readonly type: SqlType }
  | { readonly kind: 'array'; readonly items: readonly ExprOf<C>[]; readonly type: SqlType }
  | {
      readonly kind: 'map';
      readonly entries: readonly { readonly key: ExprOf<C>; readonly value: ExprOf<C> }[];
      readonly type: SqlType;
    }
  | { readonly kind: 'struct'; readonly fields: readonly ExprOf<C>[]; readonly type: SqlType }
  | { readonly kind: 'lambda'; readonly params: readonly string[]; readonly body: ExprOf<C>; readonly type: SqlType }
  | { readonly kind: 'lambdaVariable'; readonly name: string; readonly type: SqlType }
  | { readonly kind: 'unit'; readonly unit: string; readonly type: SqlType };

type BooleanType = typeof BooleanConstant;

/** A constant. BIGINT and DECIMAL beyond 2^53 and BYTES (base64) are held as text, so that plans stay JSON. */
export interface Literal {
  readonly kind: 'literal';
  readonly type: SqlType;
  readonly value: string | number | boolean | null;
  /** Set for a NULL with an explicit type, such as CAST(NULL AS INT). Any other NULL takes the type of its context. */
  readonly typed?: true;
}

/** Whether an expression is a NULL without an explicit type. */
export const isNull = (expr: ExprOf<AnyColumn>): boolean =>
  expr.kind === 'literal' && expr.value === null && expr.typed !== true;

/** The value of a literal in the form that rows use. */
export function literalValue(literal: Literal): Value {
  const { type, value } = literal;
  if (value === null) return null;
  if (type.kind === 'BYTES') return Buffer.from(value as string, 'base64');
  if ((type.kind === 'BIGINT' || type.kind === 'DECIMAL') && typeof value === 'string') return canonical(BigInt(value));
  return value;
}

/** A literal of a scalar value; collections have no literal. */
export function literal(type: SqlType, value: Value): Literal {
  if (typeof value === 'bigint') return { kind: 'literal', type, value: (value as Long).toString() };
  if (Buffer.isBuffer(value)) return { kind: 'literal', type, value: value.toString('base64') };
  return { kind: 'literal', type, value: value as string | number | boolean | null };
}

/** A reference to a slot of a step's input. */
export const slotColumn = (slot: number, name: string, type: SqlType): SlotColumn => ({
  kind: 'column',
  slot,
  name,
  type,
});

/** The direct operands of an expression. */
export function children<C extends AnyColumn>(expr: ExprOf<C>): readonly ExprOf<C>[] {
  switch (expr.kind) {
    case 'literal':
    case 'column':
    case 'lambdaVariable':
    case 'unit':
      return [];
    case 'call':
      return expr.args;
    case 'arithmetic':
    case 'compare':
    case 'logic':
    case 'distinct':
      return [expr.left, expr.right];
    case 'negate':
    case 'not':
    case 'isNull':
    case 'cast':
    case 'field':
      return [expr.operand];
    case 'in':
      return [expr.operand, ...expr.items];
    case 'like':
      return [expr.operand, expr.pattern];
    case 'case':
      return [...expr.whens.flatMap(({ when, then }) => [when, then]), expr.otherwise];
    case 'subscript':
      return [expr.operand, expr.index];
    case 'array':
      return expr.items;
    case 'map':
      return expr.entries.flatMap(({ key, value }) => [key, value]);
    case 'struct':
      return expr.fields;
    case 'lambda':
      return [expr.body];
  }
}

/** The same expression with each direct operand replaced. */
export function mapChildren<C extends AnyColumn>(expr: ExprOf<C>, change: (child: ExprOf<C>) => ExprOf<C>): ExprOf<C> {
  switch (expr.kind) {
    case 'literal':
    case 'column':
    case 'lambdaVariable':
    case 'unit':
      return expr;
    case 'call':
      return { ...expr, args: expr.args.map(change) };
    case 'arithmetic':
    case 'compare':
    case 'logic':
    case 'distinct':
      return { ...expr, left: change(expr.left), right: change(expr.right) };
    case 'negate':
    case 'not':
    case 'isNull':
    case 'cast':
    case 'field':
      return { ...expr, operand: change(expr.operand) };
    case 'in':
      return { ...expr, operand: change(expr.operand), items: expr.items.map(change) };
    case 'like':
      return { ...expr, operand: change(expr.operand), pattern: change(expr.pattern) };
    case 'case':
      return {
        ...expr,
        whens: expr.whens.map(({ when, then }) => ({ when: change(when), then: change(then) })),
        otherwise: change(expr.otherwise),
      };
    case 'subscript':
      return { ...expr, operand: change(expr.operand), index: change(expr.index) };
    case 'array':
      return { ...expr, items: expr.items.map(change) };
    case 'map':
      return { ...expr, entries: expr.entries.map(({ key, value }) => ({ key: change(key), value: change(value) })) };
    case 'struct':
      return { ...expr, fields: expr.fields.map(change) };
    case 'lambda':
      return { ...expr, body: change(expr.body) };
  }
}

/** The columns that expressions read, once per occurrence. */
export function* columnsIn<C extends AnyColumn>(exprs: Iterable<ExprOf<C>>): Iterable<C> {
  for (const expr of exprs)
    if (expr.kind === 'column') yield expr;
    else yield* columnsIn<C>(children(expr));
}

/** The ids of the columns that expressions read. */
export function idsIn(exprs: Iterable<BoundExpr>): Set<ColumnId> {
  const ids = new Set<ColumnId>();
  for (const { id } of columnsIn(exprs)) ids.add(id);
  return ids;
}

/** The slots that expressions read. */
export function slotsIn(exprs: Iterable<Expr>): Set<number> {
  const slots = new Set<number>();
  for (const { slot } of columnsIn(exprs)) slots.add(slot);
  return slots;
}

/** The same expression with each column replaced. */
export function mapColumns<A extends AnyColumn, B extends AnyColumn>(
  expr: ExprOf<A>,
  change: (column: A) => ExprOf<B>,
): ExprOf<B> {
  if (expr.kind === 'column') return change(expr);
  // The children of the copy are of the new kind, which the type of `mapChildren` cannot say.
  return mapChildren(expr as unknown as ExprOf<B>, (child) => mapColumns(child as unknown as ExprOf<A>, change));
}

/** An expression without columns, as a step's expression. */
export const constantExpr = (expr: BoundExpr): Expr =>
  mapColumns(expr, (column): Expr => {
    throw new InternalError(`a constant reads column ${column.name}`);
  });

/** The names of the scalar functions that an expression calls. */
export function callsIn<C extends AnyColumn>(expr: ExprOf<C>): string[] {
  return [...(expr.kind === 'call' ? [expr.fn] : []), ...children(expr).flatMap((child) => callsIn(child))];
}

/** The operands of a conjunction: `a AND b AND c` as a list. */
export function conjuncts<C extends AnyColumn>(expr: ExprOf<C>): ExprOf<C>[] {
  return expr.kind === 'logic' && expr.op === 'AND' ? [...conjuncts(expr.left), ...conjuncts(expr.right)] : [expr];
}

export function conjunction<C extends AnyColumn>(exprs: readonly ExprOf<C>[]): ExprOf<C> {
  return exprs.reduce((left, right) => ({ kind: 'logic', op: 'AND', left, right, type: { kind: 'BOOLEAN' } }));
}
