/**
 * The functions that users write, as modules of the folder `ksql.extension.dir`: `import { scalar } from 'millrace/functions'`.
 * A module exports definitions, one or several, under any names.
 *
 * Types are written as in SQL: `STRING`, `ARRAY<BIGINT>`, `STRUCT<A INTEGER, B STRING>`, one capital letter for any type. Values are
 * JavaScript's own: INTEGER and DOUBLE are numbers, BIGINT is a number while it is a safe integer and a bigint beyond, DECIMAL is
 * text such as `'12.50'`, DATE is days since 1970, TIME and TIMESTAMP are milliseconds, BYTES a Buffer, ARRAY an array, MAP a Map,
 * STRUCT an object with its fields.
 */

/** One signature. `params` is text such as `'amount DOUBLE, rate DOUBLE'`; the last parameter may end in `...` (variadic). */
interface Signature {
  readonly params: string;
  readonly returns: string;
  readonly doc?: string;
}

interface Definition {
  /** The name in SQL, in any case. */
  readonly name: string;
  readonly doc: string;
  readonly author?: string;
  readonly version?: string;
}

// TypeScript cannot derive the parameters' types from the signature text.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Code = (...args: any[]) => unknown;

export interface ScalarSignature extends Signature {
  /** True: the function is called with NULLs. Otherwise a NULL argument makes the result NULL without a call. */
  readonly acceptsNull?: boolean;
  /**
   * The code; or `create`, which is called once per query and returns the code, for functions that keep something between
   * calls.
   */
  readonly eval?: Code;
  readonly create?: () => Code;
}
export interface UserScalar extends Definition {
  readonly kind: 'scalar';
  readonly overloads: readonly ScalarSignature[];
}

/** The state is kept in stores: numbers, bigints, text, booleans, null, Buffers, and arrays and Maps of those. */
export interface AggregateSignature extends Signature {
  readonly init: () => unknown;
  /** Adds a row to the state: called with the state and the call's arguments, NULLs included; returns the state. */
  readonly add: Code;
  /** Takes a row out of the state again, which aggregates over tables need. */
  readonly undo?: Code;
  /** Merges two states, the later one second, which session windows need. */
  readonly merge?: Code;
  /** The result of a state; by default the state itself. */
  readonly result?: Code;
}
export interface UserAggregate extends Definition {
  readonly kind: 'aggregate';
  readonly overloads: readonly AggregateSignature[];
}

/** The code returns an array, and each element becomes a row; `returns` is the type of an element. */
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
/** A function that turns one row into several. */
export function tableFunction(definition: Omit<UserTableFunction, 'kind'>): UserTableFunction {
  return { kind: 'table', ...definition };
}
