import { findScalar, findTableFunction } from '../functions/registry.ts';
import { resolveOverload, type ArgumentType } from '../functions/resolve.ts';
import { castBetween } from '../types/casts.ts';
import type { Row, SqlType, Value } from '../types/sql-type.ts';
import { InternalError } from '../util/internal-error.ts';
import {
  arithmetic,
  comparator,
  elementAt,
  equality,
  guarded,
  like,
  likeIgnoringCase,
  nullOnError,
  negation,
  nullOperand,
  type OnError,
} from './helpers.ts';
import { callsIn, isNull, literalValue, type AnyColumn, type Expr, type ExprOf } from './node.ts';

const setKinds = ['STRING', 'INTEGER', 'BIGINT'];

/**
 * The values of a long list of literals as a set, for types whose equal values are identical; undefined where items must be
 * compared one by one.
 */
function literalSet({ operand, items }: Extract<Expr, { kind: 'in' }>): ReadonlySet<Value> | undefined {
  if (items.length < 16 || !setKinds.includes(operand.type.kind)) return undefined;
  const isText = operand.type.kind === 'STRING';
  const fits = items.every(
    ({ kind, type }) => kind === 'literal' && setKinds.includes(type.kind) && (type.kind === 'STRING') === isText,
  );
  return fits ? new Set(items.map((item) => (item.kind === 'literal' ? literalValue(item) : null))) : undefined;
}

/** Called when an expression fails for a row; `index` is the expression's position in its list. */
export type OnRowError = (error: unknown, index: number) => void;

/**
 * Generates JavaScript for expressions. User text never becomes code: values, functions and casts are numbered constants, and
 * columns are slots. An operator with a NULL operand gives NULL; a comparison gives false.
 */
class Writer {
  readonly constants: unknown[] = [];
  readonly #onError: OnError;
  #temps = 0;
  #lambdaNames: string[] = [];

  constructor(onError: OnError) {
    this.#onError = onError;
  }

  get temps(): string {
    return this.#temps === 0 ? '' : `let ${Array.from({ length: this.#temps }, (_, i) => `t${i}`).join(',')};`;
  }

  constant(value: unknown): string {
    this.constants.push(value);
    return `c${this.constants.length - 1}`;
  }

  #temp(): string {
    return `t${this.#temps++}`;
  }

  /** The code of an expression; its value is never undefined. */
  write(expr: Expr): string {
    switch (expr.kind) {
      case 'literal':
        return typeof expr.value === 'boolean' || expr.value === null
          ? String(expr.value)
          : this.constant(literalValue(expr));
      case 'column':
        return `r[${Math.trunc(expr.slot)}]`;
      case 'lambdaVariable':
        return `v${this.#lambdaNames.lastIndexOf(expr.name)}`;
      case 'unit':
        return this.constant(expr.unit);
      case 'call':
        return this.#call(expr);
      case 'arithmetic':
        return this.#arithmetic(expr);
      case 'negate': {
        const x = this.#temp();
        return `((${x}=${this.write(expr.operand)})===null?null:${this.constant(negation(expr.type))}(${x}))`;
      }
      case 'compare':
        return this.#compare(expr);
      case 'logic': {
        const x = this.#temp();
        const right = this.write(expr.right);
        return expr.op === 'AND'
          ? `((${x}=${this.write(expr.left)})===true?${right}:${x})`
          : `((${x}=${this.write(expr.left)})===false?${right}:${x})`;
      }
      case 'not': {
        const x = this.#temp();
        return `((${x}=${this.write(expr.operand)})===null?null:!${x})`;
      }
      case 'isNull':
        return `(${this.write(expr.operand)}${expr.negated ? '!==' : '==='}null)`;
      case 'distinct': {
        const [x, y] = [this.#temp(), this.#temp()];
        const equal = `${this.constant(equality(expr.left.type, expr.right.type))}(${x},${y})`;
        const same = `(${x}=${this.write(expr.left)},${y}=${this.write(expr.right)},${x}===null||${y}===null?${x}===${y}:${equal})`;
        return expr.negated ? same : `(!${same})`;
      }
      case 'in': {
        const x = this.#temp();
        const values = literalSet(expr);
        if (values !== undefined)
          return `((${x}=${this.write(expr.operand)})!==null&&${this.constant(values)}.has(${x}))`;
        const tests = expr.items.map((item) => {
          const y = this.#temp();
          return `((${y}=${this.write(item)})!==null&&${this.constant(equality(expr.operand.type, item.type))}(${x},${y}))`;
        });
        return `((${x}=${this.write(expr.operand)})!==null&&(${tests.join('||') || 'false'}))`;
      }
      case 'like': {
        const [x, y] = [this.#temp(), this.#temp()];
        const test = `${this.constant(expr.ignoresCase === true ? likeIgnoringCase : like)}(${x},${y},${this.constant(expr.escape)})`;
        return `((${x}=${this.write(expr.operand)})===null||(${y}=${this.write(expr.pattern)})===null?null:${test})`;
      }
      case 'case': {
        const x = this.#temp();
        // A NULL condition makes the whole CASE NULL, as in ksqlDB.
        return expr.whens.reduceRight(
          (rest, { when, then }) => `((${x}=${this.write(when)})===true?${this.write(then)}:${x}===null?null:${rest})`,
          this.write(expr.otherwise),
        );
      }
      case 'cast': {
        const cast = castBetween(expr.operand.type, expr.type);
        if (cast === undefined) throw new InternalError(`no cast from ${expr.operand.type.kind} to ${expr.type.kind}`);
        const x = this.#temp();
        return `((${x}=${this.write(expr.operand)})===null?null:${this.constant(expr.isTry === true ? nullOnError(cast) : cast)}(${x}))`;
      }
      case 'subscript': {
        const [x, y] = [this.#temp(), this.#temp()];
        const isArray = expr.operand.type.kind === 'ARRAY';
        const get = isArray ? `${this.constant(elementAt)}(${x},Number(${y}))` : `(${x}.get(${y})??null)`;
        return `((${x}=${this.write(expr.operand)})===null||(${y}=${this.write(expr.index)})===null?null:${get})`;
      }
      case 'field': {
        const x = this.#temp();
        const type = expr.operand.type as Extract<SqlType, { kind: 'STRUCT' }>;
        const index = type.fields.findIndex(({ name }) => name === expr.field);
        return `((${x}=${this.write(expr.operand)})===null?null:${x}[${index}])`;
      }
      case 'array':
        return `[${expr.items.map((item) => this.write(item)).join(',')}]`;
      case 'struct':
        return `[${expr.fields.map((field) => this.write(field)).join(',')}]`;
      case 'map':
        return `new Map([${expr.entries.map(({ key, value }) => `[${this.write(key)},${this.write(value)}]`).join(',')}])`;
      case 'lambda': {
        const first = this.#lambdaNames.length;
        this.#lambdaNames = [...this.#lambdaNames, ...expr.params];
        const body = this.write(expr.body);
        this.#lambdaNames = this.#lambdaNames.slice(0, first);
        return `((${expr.params.map((_, i) => `v${first + i}`).join(',')})=>${body})`;
      }
    }
  }

  #call(expr: Extract<Expr, { kind: 'call' }>): string {
    const scalar = findScalar(expr.fn);
    const types = expr.args.map(argumentType);
    const resolution = scalar && resolveOverload(scalar.overloads, types);
    if (resolution === undefined)
      throw new InternalError(`function ${expr.fn} has no overload for its stored arguments`);
    const { overload } = resolution;
    const evaluate = overload.bind({
      args: expr.args.map((arg) => (arg.kind === 'lambda' || arg.kind === 'unit' || isNull(arg) ? null : arg.type)),
      returns: expr.type,
      constants: expr.args.map((arg) => (arg.kind === 'literal' ? literalValue(arg) : undefined)),
    });
    const fn = this.constant(guarded(evaluate as (...args: Value[]) => unknown, overload.acceptsNull, this.#onError));
    return `${fn}(${expr.args.map((arg) => this.write(arg)).join(',')})`;
  }

  #arithmetic(expr: Extract<Expr, { kind: 'arithmetic' }>): string {
    const [x, y] = [this.#temp(), this.#temp()];
    // In a lambda a NULL operand makes the enclosing call fail, as in ksqlDB.
    const none = this.#lambdaNames.length > 0 ? `${this.constant(nullOperand)}()` : 'null';
    const guard = `(${x}=${this.write(expr.left)})===null||(${y}=${this.write(expr.right)})===null?${none}:`;
    const plain =
      expr.type.kind === 'DOUBLE' &&
      [expr.left, expr.right].every(({ type }) => type.kind === 'DOUBLE' || type.kind === 'INTEGER');
    if (plain) return `(${guard}${x}${expr.op}${y})`;
    return `(${guard}${this.constant(arithmetic(expr.op, expr.left.type, expr.right.type, expr.type))}(${x},${y}))`;
  }

  #compare(expr: Extract<Expr, { kind: 'compare' }>): string {
    const [x, y] = [this.#temp(), this.#temp()];
    const guard = `(${x}=${this.write(expr.left)})!==null&&(${y}=${this.write(expr.right)})!==null&&`;
    const { left, right, op } = expr;
    // JavaScript compares numbers with bigints exactly, so these kinds need no call.
    const direct =
      [left, right].every(({ type }) =>
        ['INTEGER', 'BIGINT', 'DOUBLE', 'DATE', 'TIME', 'TIMESTAMP'].includes(type.kind),
      ) ||
      (left.type.kind === 'STRING' && right.type.kind === 'STRING');
    const symbol = op === '=' ? '==' : op === '<>' ? '!=' : op;
    if (direct) return `(${guard}${x}${symbol}${y})`;
    if (op === '=' || op === '<>')
      return `(${guard}${op === '=' ? '' : '!'}${this.constant(equality(left.type, right.type))}(${x},${y}))`;
    return `(${guard}${this.constant(comparator(left.type, right.type))}(${x},${y})${op}0)`;
  }
}

/** What overload resolution needs of an argument. */
export function argumentType(expr: ExprOf<AnyColumn>): ArgumentType {
  if (expr.kind === 'lambda') return { kind: 'LAMBDA', arity: expr.params.length };
  if (expr.kind === 'unit') return { kind: 'UNIT' };
  return isNull(expr) ? null : expr.type;
}

function build<T>(writer: Writer, code: string): T {
  const names = writer.constants.map((_, i) => `c${i}`);
  // The code holds slots, operators and constant numbers only; see the class comment.
  // eslint-disable-next-line @typescript-eslint/no-implied-eval
  const factory = new Function(...names, 'report', `"use strict";return ${code}`) as (...args: unknown[]) => T;
  return factory(...writer.constants);
}

/** Compiles a list of expressions into one function from row to row. An expression that fails is NULL and is reported. */
export function compileProjection(exprs: readonly Expr[], onError: OnRowError): (row: Row) => Value[] {
  let at = 0;
  const writer = new Writer((error) => onError(error, at));
  const report = (error: unknown, index: number): null => {
    onError(error, index);
    return null;
  };
  const name = writer.constant(report);
  const mark = writer.constant((index: number) => {
    at = index;
  });
  let plain = true;
  const parts = exprs.map((expr, i) => {
    if (expr.kind === 'column') return `const e${i}=${writer.write(expr)};`;
    plain = false;
    const code = writer.write(expr);
    return `let e${i};${callsIn(expr).length > 0 ? `${mark}(${i});` : ''}try{e${i}=${code}}catch(e){e${i}=${name}(e,${i})}`;
  });
  const list = exprs.map((_, i) => `e${i}`).join(',');
  const body = plain
    ? `return [${exprs.map((expr) => writer.write(expr)).join(',')}]`
    : `${parts.join('')}return [${list}]`;
  return build(writer, `function(r){${writer.temps}${body}}`);
}

/** Compiles one expression. A failure gives NULL and is reported. */
export function compileExpression(expr: Expr, onError: OnError): (row: Row) => Value {
  const writer = new Writer(onError);
  const report = writer.constant((error: unknown): null => {
    onError(error);
    return null;
  });
  const code = writer.write(expr);
  if (expr.kind === 'column') return build(writer, `function(r){return ${code}}`);
  return build(writer, `function(r){${writer.temps}try{return ${code}}catch(e){return ${report}(e)}}`);
}

/** Compiles a predicate. NULL counts as false; a failure counts as false and is reported. */
export function compilePredicate(expr: Expr, onError: OnError): (row: Row) => boolean {
  const writer = new Writer(onError);
  const report = writer.constant((error: unknown): boolean => {
    onError(error);
    return false;
  });
  const code = writer.write(expr);
  return build(writer, `function(r){${writer.temps}try{return ${code}===true}catch(e){return ${report}(e)}}`);
}

/** The value of an expression without columns; undefined when it fails. */
export function evaluateConstant(expr: ExprOf<AnyColumn>): Value | undefined {
  let failed = false;
  const value = compileExpression(expr as Expr, () => {
    failed = true;
  })([]);
  return failed ? undefined : value;
}

/** Compiles a table function: from a row to the rows that it gives. */
export function compileTableFunction(
  fn: string,
  args: readonly Expr[],
  returns: SqlType,
  onError: OnError,
): (row: Row) => readonly Value[] {
  const tableFunction = findTableFunction(fn);
  const resolution = tableFunction && resolveOverload(tableFunction.overloads, args.map(argumentType));
  if (resolution === undefined)
    throw new InternalError(`table function ${fn} has no overload for its stored arguments`);
  const evaluate = resolution.overload.bind({ args: args.map((arg) => arg.type), returns, constants: [] }) as (
    ...values: Value[]
  ) => readonly Value[];
  const values = compileProjection(args, onError);
  return (row) => {
    try {
      return evaluate(...values(row));
    } catch (error) {
      onError(error);
      return [];
    }
  };
}

/** A slot in the key or in one side of a join. */
export interface JoinPlace {
  readonly side: 'key' | 'left' | 'right';
  readonly slot: number;
}

/** Builds the row of a join from its key and both sides; the columns of a missing side are NULL. */
export function compileJoinRow(
  places: readonly JoinPlace[],
): (key: Row, left: Row | undefined, right: Row | undefined) => Value[] {
  const items = (missing: JoinPlace['side'] | undefined): string =>
    `[${places.map(({ side, slot }) => (side === missing ? 'null' : `${side}[${Math.trunc(slot)}]`)).join(',')}]`;
  return build(
    new Writer(() => undefined),
    `function(key,left,right){if(left===undefined)return ${items('left')};if(right===undefined)return ${items('right')};return ${items(undefined)}}`,
  );
}
