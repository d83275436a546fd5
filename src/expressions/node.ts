import type { BOOLEAN as BooleanConstant, Long, SqlType, Value } from '../types/sql-type.ts';
import { canonical } from '../types/numbers.ts';

/**
 * A typed expression: plain JSON, so that physical plans store it. Columns are named, and found in a row when the
 * expression is compiled. Every node has the type of its value.
 */
export type Expr =
  | Literal
  | { readonly kind: 'column'; readonly name: string; readonly type: SqlType }
  | { readonly kind: 'call'; readonly fn: string; readonly args: readonly Expr[]; readonly type: SqlType }
  | {
      readonly kind: 'arithmetic';
      readonly op: '+' | '-' | '*' | '/' | '%';
      readonly left: Expr;
      readonly right: Expr;
      readonly type: SqlType;
    }
  | { readonly kind: 'negate'; readonly operand: Expr; readonly type: SqlType }
  | {
      readonly kind: 'compare';
      readonly op: '=' | '<>' | '<' | '<=' | '>' | '>=';
      readonly left: Expr;
      readonly right: Expr;
      readonly type: BooleanType;
    }
  | {
      readonly kind: 'logic';
      readonly op: 'AND' | 'OR';
      readonly left: Expr;
      readonly right: Expr;
      readonly type: BooleanType;
    }
  | { readonly kind: 'not'; readonly operand: Expr; readonly type: BooleanType }
  | { readonly kind: 'isNull'; readonly operand: Expr; readonly negated: boolean; readonly type: BooleanType }
  | {
      readonly kind: 'distinct';
      readonly left: Expr;
      readonly right: Expr;
      readonly negated: boolean;
      readonly type: BooleanType;
    }
  | { readonly kind: 'in'; readonly operand: Expr; readonly items: readonly Expr[]; readonly type: BooleanType }
  | {
      readonly kind: 'like';
      readonly operand: Expr;
      readonly pattern: Expr;
      readonly escape: string | null;
      readonly type: BooleanType;
    }
  | {
      readonly kind: 'case';
      readonly whens: readonly { readonly when: Expr; readonly then: Expr }[];
      readonly otherwise: Expr;
      readonly type: SqlType;
    }
  | { readonly kind: 'cast'; readonly operand: Expr; readonly type: SqlType }
  | { readonly kind: 'subscript'; readonly operand: Expr; readonly index: Expr; readonly type: SqlType }
  | { readonly kind: 'field'; readonly operand: Expr; readonly field: string; readonly type: SqlType }
  | { readonly kind: 'array'; readonly items: readonly Expr[]; readonly type: SqlType }
  | {
      readonly kind: 'map';
      readonly entries: readonly { readonly key: Expr; readonly value: Expr }[];
      readonly type: SqlType;
    }
  | { readonly kind: 'struct'; readonly fields: readonly Expr[]; readonly type: SqlType }
  | { readonly kind: 'lambda'; readonly params: readonly string[]; readonly body: Expr; readonly type: SqlType }
  | { readonly kind: 'lambdaVariable'; readonly name: string; readonly type: SqlType }
  | { readonly kind: 'unit'; readonly unit: string; readonly type: SqlType };

type BooleanType = typeof BooleanConstant;

/** BIGINT and DECIMAL beyond 2^53 and BYTES (base64) are held as text, so that plans stay JSON. */
export interface Literal {
  readonly kind: 'literal';
  readonly type: SqlType;
  readonly value: string | number | boolean | null;
  /** Set for a null that was given a type: CAST(NULL AS INT). Another null takes the type that its place asks for. */
  readonly typed?: true;
}

/** Whether an expression is a NULL that has no type of its own. */
export const isNull = (expr: Expr): boolean => expr.kind === 'literal' && expr.value === null && expr.typed !== true;

/** The value of a literal as rows hold it. */
export function literalValue(literal: Literal): Value {
  const { type, value } = literal;
  if (value === null) return null;
  if (type.kind === 'BYTES') return Buffer.from(value as string, 'base64');
  if ((type.kind === 'BIGINT' || type.kind === 'DECIMAL') && typeof value === 'string') return canonical(BigInt(value));
  return value;
}

/** A literal of a scalar value; collections have none. */
export function literal(type: SqlType, value: Value): Literal {
  if (typeof value === 'bigint') return { kind: 'literal', type, value: (value as Long).toString() };
  if (Buffer.isBuffer(value)) return { kind: 'literal', type, value: value.toString('base64') };
  return { kind: 'literal', type, value: value as string | number | boolean | null };
}

export const column = (name: string, type: SqlType): Expr => ({ kind: 'column', name, type });

/** The direct operands of an expression. */
export function children(expr: Expr): readonly Expr[] {
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
export function mapChildren(expr: Expr, change: (child: Expr) => Expr): Expr {
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

/** Adds the names of all columns that an expression reads. */
export function collectColumns(expr: Expr, into: Set<string>): void {
  if (expr.kind === 'column') into.add(expr.name);
  for (const child of children(expr)) collectColumns(child, into);
}

export function columnsOf(exprs: Iterable<Expr>): Set<string> {
  const names = new Set<string>();
  for (const expr of exprs) collectColumns(expr, names);
  return names;
}

/** The names of the scalar functions that an expression calls. */
export function callsIn(expr: Expr): string[] {
  return [...(expr.kind === 'call' ? [expr.fn] : []), ...children(expr).flatMap(callsIn)];
}

/** The expression with columns replaced by what stands for them; those without a replacement stay. */
export function substituteColumns(expr: Expr, replacements: ReadonlyMap<string, Expr>): Expr {
  if (expr.kind === 'column') return replacements.get(expr.name) ?? expr;
  return mapChildren(expr, (child) => substituteColumns(child, replacements));
}

/** The conjuncts of a predicate: `a AND b AND c` as a list. */
export function conjuncts(expr: Expr): Expr[] {
  return expr.kind === 'logic' && expr.op === 'AND' ? [...conjuncts(expr.left), ...conjuncts(expr.right)] : [expr];
}

export function conjunction(exprs: readonly Expr[]): Expr {
  return exprs.reduce((left, right) => ({ kind: 'logic', op: 'AND', left, right, type: { kind: 'BOOLEAN' } }));
}
