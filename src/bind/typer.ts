import type { Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { isNull, literal, type BoundExpr } from '../expressions/node.ts';
import { castBetween, commonType } from '../types/casts.ts';
import { asDecimal, decimalResult, parseDecimal } from '../types/decimals.ts';
import { canonical } from '../types/numbers.ts';
import { concatenation, vectorArithmetic } from './operator-calls.ts';
import { fieldNamed } from './field-named.ts';
import { monthArithmetic, timeArithmetic } from './time-arithmetic.ts';
import type { ExpressionNode } from '../syntax/expressions.ts';
import {
  array,
  BIGINT,
  BOOLEAN,
  DOUBLE,
  INTEGER,
  isNumeric,
  map,
  sameType,
  STRING,
  struct,
  typeText,
  type SqlType,
} from '../types/sql-type.ts';
import { typeCall } from './calls.ts';
import type { ExpressionTyper, TyperHooks } from './typing.ts';
import { cast, comparable, unify } from './coerce.ts';
import { emptyOf, emptyOfKnown, isEmpty, withEmpties } from './empties.ts';
import { intervalMs } from '../syntax/intervals.ts';
import { typedLiteral } from './typed-literals.ts';
import { typeIn } from './in-list.ts';
import { bareCall } from './other-dialects.ts';
import { resolveType } from './resolve-type.ts';
import { emptyScope, type Scope } from './scope.ts';

/** Deeper nesting is refused, because later tree walks are recursive. A chain such as a + b + c … is nested too. */
const maximumDepth = 1000;

/** Types expressions and inserts the implicit casts. */
export class Typer implements ExpressionTyper {
  readonly scope: Scope;
  readonly types: ReadonlyMap<string, SqlType>;
  readonly hooks: TyperHooks;
  /** The clause, for error messages. */
  readonly place: string;
  #depth = 0;
  #lambdaVariables: readonly { readonly name: string; readonly type: SqlType }[] = [];

  constructor(scope: Scope, types: ReadonlyMap<string, SqlType>, place: string, hooks: TyperHooks = {}) {
    this.scope = scope;
    this.types = types;
    this.place = place;
    this.hooks = hooks;
  }

  /** A typer over the same names with other hooks. */
  with(place: string, hooks: TyperHooks): Typer {
    return new Typer(this.scope, this.types, place, hooks);
  }

  type(node: ExpressionNode): BoundExpr {
    if (this.#depth >= maximumDepth) throw new SqlError('NESTED_TOO_DEEP', node.span, { limit: maximumDepth });
    this.#depth++;
    try {
      return this.#type(node);
    } finally {
      this.#depth--;
    }
  }

  #type(node: ExpressionNode): BoundExpr {
    switch (node.kind) {
      case 'literal':
        return typeLiteral(node);
      case 'column': {
        const variable =
          node.qualifier === undefined
            ? this.#lambdaVariables.findLast(({ name }) => name === node.name.text)
            : undefined;
        if (variable !== undefined) return { kind: 'lambdaVariable', ...variable };
        const bare = this.scope.has(node) ? undefined : bareCall(node);
        return bare === undefined ? this.scope.resolve(node) : this.type(bare);
      }
      case 'call':
        return typeCall(this, node);
      case 'invoke':
        if (this.hooks.invoke === undefined)
          throw new SqlError('TABLE_FUNCTION_MISPLACED', node.span, { name: 'INVOKE MODEL', where: this.place });
        return this.hooks.invoke(node, this);
      case 'unary':
        return this.#unary(node);
      case 'binary':
        return this.#binary(node);
      case 'compare': {
        const spans = { left: node.left.span, right: node.right.span, whole: node.span };
        const [left, right] = comparable(...this.#sides(node), node.op, spans);
        return { kind: 'compare', op: node.op, left, right, type: BOOLEAN };
      }
      case 'logic':
        return {
          kind: 'logic',
          op: node.op,
          left: this.boolean(node.left, node.op),
          right: this.boolean(node.right, node.op),
          type: BOOLEAN,
        };
      case 'not':
        return { kind: 'not', operand: this.boolean(node.operand, 'NOT'), type: BOOLEAN };
      case 'isNull':
        return { kind: 'isNull', operand: this.type(node.operand), negated: node.negated, type: BOOLEAN };
      case 'distinct': {
        const [left, right] = this.#sides(node);
        if (isNull(left) || isNull(right))
          return { kind: 'isNull', operand: isNull(left) ? right : left, negated: !node.negated, type: BOOLEAN };
        const [a, b] = comparable(left, right, 'IS DISTINCT FROM', {
          left: node.left.span,
          right: node.right.span,
          whole: node.span,
        });
        return { kind: 'distinct', left: a, right: b, negated: node.negated, type: BOOLEAN };
      }
      case 'between': {
        const spans = (bound: Span): { left: Span; right: Span; whole: Span } => ({
          left: node.operand.span,
          right: bound,
          whole: node.span,
        });
        const operand = this.type(node.operand);
        const [a, low] = comparable(operand, this.type(node.low), '>=', spans(node.low.span));
        const [b, high] = comparable(operand, this.type(node.high), '<=', spans(node.high.span));
        const both: BoundExpr = {
          kind: 'logic',
          op: 'AND',
          left: { kind: 'compare', op: '>=', left: a, right: low, type: BOOLEAN },
          right: { kind: 'compare', op: '<=', left: b, right: high, type: BOOLEAN },
          type: BOOLEAN,
        };
        return node.negated ? { kind: 'not', operand: both, type: BOOLEAN } : both;
      }
      case 'inQuery':
        if (this.hooks.inQuery === undefined)
          throw new SqlError('SUBQUERY_INVALID', node.query.span, {
            why: `it cannot stand in ${this.place}`,
            hint: 'IN (SELECT …) is of WHERE: write it there, in a subquery of FROM where it must come first.',
          });
        return this.hooks.inQuery(node, this);
      case 'in':
        return typeIn(this, node);
      case 'like': {
        const operand = this.type(node.operand);
        const pattern = this.type(node.pattern);
        if (operand.type.kind !== 'STRING' || pattern.type.kind !== 'STRING') {
          throw new SqlError('TYPE_MISMATCH', node.span, {
            operation: node.ignoresCase ? 'ILIKE' : 'LIKE',
            left: typeText(operand.type),
            right: typeText(pattern.type),
          });
        }
        const like: BoundExpr = {
          kind: 'like',
          operand,
          pattern,
          escape: node.escape ?? null,
          ...(node.ignoresCase ? { ignoresCase: true } : {}),
          type: BOOLEAN,
        };
        return node.negated ? { kind: 'not', operand: like, type: BOOLEAN } : like;
      }
      case 'case':
        return this.#case(node);
      case 'cast': {
        const empty = emptyOf(node.operand, resolveType(node.type, this.types));
        if (empty !== undefined) return empty;
        const operand = this.type(node.operand);
        const type = resolveType(node.type, this.types);
        if (!isNull(operand) && castBetween(operand.type, type) === undefined) {
          throw new SqlError('CAST_NOT_SUPPORTED', node.span, { from: typeText(operand.type), to: typeText(type) });
        }
        if (isNull(operand)) return { kind: 'literal', type, value: null, typed: true };
        return node.isTry && !sameType(operand.type, type)
          ? { kind: 'cast', operand, type, isTry: true }
          : cast(operand, type);
      }
      case 'subscript':
        return this.#subscript(node);
      case 'field': {
        const operand = this.type(node.operand);
        if (operand.type.kind !== 'STRUCT')
          throw new SqlError('NOT_A_STRUCT', node.operand.span, { type: typeText(operand.type) });
        const field = fieldNamed(operand.type.fields, node.field.text);
        if (field === undefined)
          throw new SqlError('FIELD_NOT_FOUND', node.field.span, {
            field: node.field.text,
            type: typeText(operand.type),
          });
        return { kind: 'field', operand, field: field.name, type: field.type };
      }
      case 'array': {
        const { exprs, type } = this.#agreed(node.items, 'ARRAY');
        if (type === undefined)
          throw new SqlError('EMPTY_CONSTRUCTOR', node.span, { what: 'ARRAY', isEmpty: exprs.length === 0 });
        return { kind: 'array', items: exprs, type: array(type) };
      }
      case 'map':
        return this.#map(node);
      case 'struct': {
        const names = node.fields.map(({ name }) => name.text);
        if (names.length === 0) throw new SqlError('EMPTY_CONSTRUCTOR', node.span, { what: 'STRUCT', isEmpty: true });
        const twice = names.findIndex((name, i) => names.indexOf(name) !== i);
        if (twice >= 0) throw new SqlError('DUPLICATE_FIELD', node.fields[twice]!.name.span, { field: names[twice]! });
        const fields = node.fields.map(({ value }) => this.#typed(value, 'STRUCT'));
        return { kind: 'struct', fields, type: struct(fields.map(({ type }, i) => ({ name: names[i]!, type }))) };
      }
      case 'typed':
        return typedLiteral(node);
      case 'interval':
        return literal(BIGINT, intervalMs(node));
      case 'unit':
        return { kind: 'unit', unit: node.unit, type: STRING };
      case 'lambda':
        throw new SqlError('LAMBDA_MISPLACED', node.span, {});
      case 'atTimeZone':
        throw new SqlError('NOT_SUPPORTED_YET', node.span, { what: 'AT TIME ZONE' });
    }
  }

  /** Types the body of a lambda; the types of its parameters are known. */
  typeLambda(node: Extract<ExpressionNode, { kind: 'lambda' }>, types: readonly SqlType[]): BoundExpr {
    const outer = this.#lambdaVariables;
    const params = node.params.map(({ text }) => text);
    for (const param of node.params) {
      const clash =
        outer.some(({ name }) => name === param.text) ||
        this.scope.sources.some(({ columns }) => columns.some(({ column }) => column.name === param.text));
      if (clash) throw new SqlError('LAMBDA_NAME_CLASH', param.span, { name: param.text });
    }
    this.#lambdaVariables = [...outer, ...params.map((name, i) => ({ name, type: types[i]! }))];
    const body = this.type(node.body);
    this.#lambdaVariables = outer;
    return { kind: 'lambda', params, body, type: body.type };
  }

  /** Types an expression that must be BOOLEAN. */
  boolean(node: ExpressionNode, what: string): BoundExpr {
    const expr = this.type(node);
    if (isNull(expr)) return { kind: 'literal', type: BOOLEAN, value: null };
    if (expr.type.kind !== 'BOOLEAN') throw new SqlError('NOT_BOOLEAN', node.span, { what, type: typeText(expr.type) });
    return expr;
  }

  #typed(node: ExpressionNode, operation: string): BoundExpr {
    const expr = this.type(node);
    if (isNull(expr)) throw new SqlError('NULL_OPERAND', node.span, { operation });
    return expr;
  }

  #unary(node: Extract<ExpressionNode, { kind: 'unary' }>): BoundExpr {
    // -9223372036854775808 is a valid literal although its digits alone are out of range.
    if (node.op === '-' && node.operand.kind === 'literal' && node.operand.value === smallestLongDigits)
      return literal(BIGINT, canonical(-BigInt(smallestLongDigits)));
    const operand = this.#typed(node.operand, node.op);
    if (!isNumeric(operand.type))
      throw new SqlError('TYPE_MISMATCH', node.span, {
        operation: `unary ${node.op}`,
        left: typeText(operand.type),
        right: 'nothing',
      });
    if (node.op === '+') return operand;
    if (operand.kind === 'literal' && operand.type.kind !== 'DOUBLE' && node.operand.kind === 'literal') {
      const value = canonical(-BigInt(operand.value as string | number));
      if (value === -2147483648) return literal(INTEGER, value);
      return literal(operand.type, value);
    }
    return { kind: 'negate', operand, type: operand.type };
  }

  #binary(node: Extract<ExpressionNode, { kind: 'binary' }>): BoundExpr {
    const { op } = node;
    if (op === '||') return typeCall(this, concatenation(node));
    const months = monthArithmetic(node, this);
    if (months !== undefined) return months;
    const left = this.#typed(node.left, op);
    const right = this.#typed(node.right, op);
    const [a, b] = [left.type, right.type];
    if (op === '+' && a.kind === 'STRING' && b.kind === 'STRING')
      return { kind: 'arithmetic', op, left, right, type: STRING };
    const time = timeArithmetic(node, left, right);
    if (time !== undefined) return time;
    const vectors = vectorArithmetic(node, a, b);
    if (vectors !== undefined) return typeCall(this, vectors);
    if (!isNumeric(a) || !isNumeric(b))
      throw new SqlError('TYPE_MISMATCH', node.span, { operation: op, left: typeText(a), right: typeText(b) });
    return { kind: 'arithmetic', op, left, right, type: arithmeticType(op, a, b) };
  }

  #case(node: Extract<ExpressionNode, { kind: 'case' }>): BoundExpr {
    const { operand } = node;
    const whens = node.whens.map(({ when, then }) => ({
      // CASE x WHEN y THEN … is CASE WHEN x = y THEN ….
      when: this.boolean(
        operand === undefined ? when : { kind: 'compare', op: '=', left: operand, right: when, span: when.span },
        'WHEN',
      ),
      then,
    }));
    const results = [...whens.map(({ then }) => then), ...(node.otherwise === undefined ? [] : [node.otherwise])];
    const { exprs, type } = withEmpties(results, (others) => this.#branches(node, others));
    return {
      kind: 'case',
      whens: whens.map(({ when }, i) => ({ when, then: exprs[i]! })),
      otherwise: exprs[whens.length] ?? { kind: 'literal', type: type!, value: null },
      type: type!,
    };
  }

  #branches(node: ExpressionNode, nodes: readonly ExpressionNode[]): { exprs: BoundExpr[]; type: SqlType | undefined } {
    const branches = nodes.map((branch) => ({ expr: this.type(branch), span: branch.span }));
    // Of nothing but empty collections, withEmpties tells the first of them.
    if (branches.length === 0) return { exprs: [], type: undefined };
    const first = branches.find(({ expr }) => !isNull(expr));
    if (first === undefined) throw new SqlError('NULL_OPERAND', node.span, { operation: 'CASE' });
    let { type } = first.expr;
    for (const { expr, span } of branches) {
      if (isNull(expr) || sameType(expr.type, type)) continue;
      // Numbers widen, as in COALESCE.
      const wider = isNumeric(expr.type) && isNumeric(type) ? commonType(expr.type, type) : undefined;
      if (wider !== undefined) type = wider;
      else throw new SqlError('CASE_BRANCHES', span, { first: typeText(type), other: typeText(expr.type) });
    }
    return { exprs: branches.map(({ expr }) => cast(expr, type)), type };
  }

  #subscript(node: Extract<ExpressionNode, { kind: 'subscript' }>): BoundExpr {
    const operand = this.type(node.operand);
    const index = this.type(node.index);
    const wrong = (expected: string): never => {
      throw new SqlError('SUBSCRIPT_TYPE', node.index.span, { expected, type: typeText(index.type) });
    };
    if (operand.type.kind === 'ARRAY') {
      if (index.type.kind !== 'INTEGER' && index.type.kind !== 'BIGINT') wrong('an INTEGER');
      return { kind: 'subscript', operand, index, type: operand.type.element };
    }
    if (operand.type.kind !== 'MAP')
      throw new SqlError('NOT_SUBSCRIPTABLE', node.operand.span, { type: typeText(operand.type) });
    if (!sameType(index.type, operand.type.key)) wrong(typeText(operand.type.key));
    return { kind: 'subscript', operand, index, type: operand.type.value };
  }

  /** The sides of a comparison: ARRAY[] and MAP() have the type of the other one. */
  #sides({ left, right }: { readonly left: ExpressionNode; readonly right: ExpressionNode }): [BoundExpr, BoundExpr] {
    const [a, b] = [left, right].map((side) => (isEmpty(side) ? undefined : this.type(side)));
    const typed = (side: ExpressionNode, own: BoundExpr | undefined, other: BoundExpr | undefined): BoundExpr =>
      isEmpty(side) ? emptyOfKnown(side, other?.type) : own!;
    return [typed(left, a, b), typed(right, b, a)];
  }

  /** Elements in one type. */
  #agreed(nodes: readonly ExpressionNode[], what: string): ReturnType<typeof unify> {
    return withEmpties(nodes, (others) =>
      unify(
        others.map((node) => this.type(node)),
        others.map(({ span }) => span),
        what,
      ),
    );
  }

  #map(node: Extract<ExpressionNode, { kind: 'map' }>): BoundExpr {
    const keys = this.#agreed(
      node.entries.map(({ key }) => key),
      'MAP keys',
    );
    const values = this.#agreed(
      node.entries.map(({ value }) => value),
      'MAP values',
    );
    if (keys.type === undefined || values.type === undefined)
      throw new SqlError('EMPTY_CONSTRUCTOR', node.span, { what: 'MAP', isEmpty: node.entries.length === 0 });
    if (keys.type.kind !== 'STRING')
      throw new SqlError('MAP_KEY_TYPE', node.entries[0]!.key.span, { type: typeText(keys.type) });
    return {
      kind: 'map',
      entries: keys.exprs.map((key, i) => ({ key, value: values.exprs[i]! })),
      type: map(keys.type, values.type),
    };
  }
}

/** The result type of arithmetic: the wider type, or by ksqlDB's decimal rules. */
function arithmeticType(op: '+' | '-' | '*' | '/' | '%', a: SqlType, b: SqlType): SqlType {
  if (a.kind === 'DOUBLE' || b.kind === 'DOUBLE') return DOUBLE;
  if (a.kind === 'DECIMAL' || b.kind === 'DECIMAL') return decimalResult(op, asDecimal(a)!, asDecimal(b)!);
  return a.kind === 'BIGINT' || b.kind === 'BIGINT' ? BIGINT : INTEGER;
}

function typeLiteral(node: Extract<ExpressionNode, { kind: 'literal' }>): BoundExpr {
  const text = node.value ?? '';
  switch (node.literal) {
    case 'null':
      return { kind: 'literal', type: STRING, value: null };
    case 'string':
      return literal(STRING, text);
    case 'boolean':
      return literal(BOOLEAN, text === 'TRUE');
    case 'double':
      return literal(DOUBLE, Number(text));
    case 'integer': {
      if (text === smallestLongDigits) throw new SqlError('NUMBER_OUT_OF_RANGE', node.span, { text, range: 'BIGINT' });
      const value = canonical(BigInt(text));
      return literal(value <= 2147483647 ? INTEGER : BIGINT, value);
    }
    case 'decimal': {
      const { unscaled, scale } = parseDecimal(text)!;
      const digits = unscaled.toString().length;
      // Below 1, ksqlDB counts the zero before the point as a digit.
      return literal({ kind: 'DECIMAL', precision: digits <= scale ? scale + 1 : digits, scale }, canonical(unscaled));
    }
  }
}

/** Types an expression without columns, such as a value of INSERT. */
export function typeConstant(node: ExpressionNode, types: ReadonlyMap<string, SqlType>, place: string): BoundExpr {
  return new Typer(emptyScope, types, place).type(node);
}

const smallestLongDigits = '9223372036854775808';
