/**
 * The functions that users write, as modules of the folder `ksql.extension.dir`: `import { scalar } from 'millrace/functions'`.
 * A module exports definitions, one or several, under any names.
 *
 * Types are written as in SQL: `STRING`, `ARRAY<BIGINT>`, `STRUCT<A INTEGER, B STRING>`, one capital letter for any type. Values are
 * JavaScript's own: INTEGER and DOUBLE are numbers, BIGINT is a number while it is a safe integer and a bigint beyond, DECIMAL is
 * text such as `'12.50'`, DATE is days since 1970, TIME and TIMESTAMP are milliseconds, BYTES a Buffer, ARRAY an array, MAP a Map,
 * STRUCT an object with its fields.
 */

/** One signature: `params` such as `'amount DOUBLE, rate DOUBLE'`, the last of which may end in `...` for any number of them. */
interface Signature {
  readonly params: string;
  readonly returns: string;
  readonly doc?: string;
}

interface Definition {
  /** As it is called in SQL, in any case. */
  readonly name: string;
  readonly doc: string;
  readonly author?: string;
  readonly version?: string;
}

// What a function takes follows from its signature text, which TypeScript cannot read.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Code = (...args: any[]) => unknown;

export interface ScalarSignature extends Signature {
  /** The function sees nulls; otherwise a null argument makes the result null without a call. */
  readonly acceptsNull?: boolean;
  /** The code, or `create`, which makes it once a query where it remembers something. */
  readonly eval?: Code;
  readonly create?: () => Code;
}
export interface UserScalar extends Definition {
  readonly kind: 'scalar';
  readonly overloads: readonly ScalarSignature[];
}

/** Its state is kept in stores: numbers, bigints, text, booleans, null, Buffers, and arrays and Maps of those. */
export interface AggregateSignature extends Signature {
  readonly init: () => unknown;
  /** The state with one more row: its arguments are those of the call, nulls too. */
  readonly add: Code;
  /** The state without a row that it had: what aggregates over tables need. */
  readonly undo?: Code;
  /** The state of two groups together, the later one second: what sessions need. */
  readonly merge?: Code;
  /** The result of a state; the state itself without it. */
  readonly result?: Code;
}
export interface UserAggregate extends Definition {
  readonly kind: 'aggregate';
  readonly overloads: readonly AggregateSignature[];
}

/** Its code gives an array, of which each element becomes a row; `returns` is the type of an element. */
export interface UserTableFunction extends Definition {
  readonly kind: 'table';
  readonly overloads: readonly ScalarSignature[];
}

export type UserFunction = UserScalar | UserAggregate | UserTableFunction;

/** A function of a row's values. */
export function scalar(definition: Omit<UserScalar, 'kind'>): UserScalar {
  return { kind: 'scalar', ...definition };
}
/** A function of all rows of a group. */
export function aggregate(definition: Omit<UserAggregate, 'kind'>): UserAggregate {
  return { kind: 'aggregate', ...definition };
}
/** A function that makes several rows of one. */
export function tableFunction(definition: Omit<UserTableFunction, 'kind'>): UserTableFunction {
  return { kind: 'table', ...definition };
}
