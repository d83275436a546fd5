import type { SqlType, Value } from '../types/sql-type.ts';
import { parseParams, parseParamType, type Bindings, type Param, type ParamType } from './signature.ts';

export type Category =
  | 'NUMERIC'
  | 'STRING'
  | 'DATE / TIME'
  | 'COLLECTION'
  | 'JSON'
  | 'NULL'
  | 'URL'
  | 'MACHINE LEARNING'
  | 'GEO'
  | 'AGGREGATE'
  | 'TABLE'
  | 'OTHER'
  | 'LAMBDA'
  | 'USER';

/** How many values COLLECT_LIST and COLLECT_SET keep; undefined for all. */
export interface CollectLimits {
  readonly list: number | undefined;
  readonly set: number | undefined;
}

/** What a function may know when it is built for one call: the argument types, its result type and the literal arguments by position. */
export interface CallContext {
  readonly args: readonly (SqlType | null)[];
  readonly returns: SqlType;
  readonly constants: readonly (Value | undefined)[];
  /** Of the query that runs it. */
  readonly limits?: CollectLimits | undefined;
}

// A function's code knows the JavaScript types of its own parameters; the signature text is what binds the two.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Evaluate = (...args: any[]) => unknown;

interface OverloadBase {
  readonly params: readonly Param[];
  /** The result type; a function computes it from the argument types and bindings. */
  readonly returns: ParamType | ((args: readonly (SqlType | null)[], bindings: Bindings) => SqlType);
}
export interface ScalarOverload extends OverloadBase {
  /** False: any null argument makes the result null without a call. True: the function sees the nulls. */
  readonly acceptsNull: boolean;
  readonly bind: (context: CallContext) => Evaluate;
}
interface Documented {
  readonly name: string;
  readonly doc: string;
  readonly category: Category;
  /** Of a user's function: who wrote it, and where it is. */
  readonly author?: string;
  readonly version?: string;
  readonly path?: string;
}
export interface ScalarFunction extends Documented {
  readonly kind: 'scalar';
  /** Gives another result at each call: never folded. */
  readonly volatile: boolean;
  readonly overloads: readonly ScalarOverload[];
}

type Returns = string | OverloadBase['returns'];
interface OverloadOptions {
  readonly acceptsNull?: boolean;
}
const returnsOf = (returns: Returns): OverloadBase['returns'] =>
  typeof returns === 'string' ? parseParamType(returns) : returns;

/** One signature and its code, e.g. `overload('input STRING', 'INTEGER', (input: string) => input.length)`. */
export function overload(
  params: string,
  returns: Returns,
  evaluate: Evaluate,
  options: OverloadOptions = {},
): ScalarOverload {
  return {
    params: parseParams(params),
    returns: returnsOf(returns),
    acceptsNull: options.acceptsNull ?? false,
    bind: () => evaluate,
  };
}

/** As `overload`, for code that depends on the types or literal arguments of the call. */
export function boundOverload(
  params: string,
  returns: Returns,
  bind: ScalarOverload['bind'],
  options: OverloadOptions = {},
): ScalarOverload {
  return { params: parseParams(params), returns: returnsOf(returns), acceptsNull: options.acceptsNull ?? false, bind };
}

export function scalar(
  definition: Documented & { readonly volatile?: boolean; readonly overloads: readonly ScalarOverload[] },
): ScalarFunction {
  return Object.freeze({ kind: 'scalar', volatile: false, ...definition });
}

/**
 * A running aggregate. States are plain values (numbers, strings, arrays, Maps, Buffers) that stores write as they are; `add`
 * and `undo` may change the state they are given and return it.
 */
export interface Aggregator {
  readonly init: () => unknown;
  /** `value` is the first argument, `rest` the others; nulls are given as they are. */
  readonly add: (state: never, value: Value, rest: readonly Value[]) => unknown;
  /** Takes a value back, for aggregates over tables. */
  readonly undo?: (state: never, value: Value, rest: readonly Value[]) => unknown;
  /** Joins two states, `right` being later: session merges and panes need it. */
  readonly merge: ((left: never, right: never) => unknown) | undefined;
  /** Whether `merge` gives the same in any order, so that panes may be merged in time order. */
  readonly orderFree: boolean;
  readonly result: (state: never) => Value;
}
export interface AggregateOverload extends OverloadBase {
  readonly create: (context: CallContext) => Aggregator;
  /** The type that the running state has for a format that must hold it (ksqlDB's check); the result type when undefined. */
  readonly stateType?: (context: CallContext) => SqlType;
}
export interface AggregateFunction extends Documented {
  readonly kind: 'aggregate';
  readonly overloads: readonly AggregateOverload[];
}

export function aggregateOverload(
  params: string,
  returns: Returns,
  create: AggregateOverload['create'],
  stateType?: AggregateOverload['stateType'],
): AggregateOverload {
  return { params: parseParams(params), returns: returnsOf(returns), create, ...(stateType && { stateType }) };
}

export function aggregate(
  definition: Documented & { readonly overloads: readonly AggregateOverload[] },
): AggregateFunction {
  return Object.freeze({ kind: 'aggregate', ...definition });
}

interface TableOverload extends OverloadBase {
  readonly bind: (context: CallContext) => (...args: never[]) => readonly Value[];
}
export interface TableFunction extends Documented {
  readonly kind: 'table';
  readonly overloads: readonly TableOverload[];
}
export function tableFunction(
  definition: Documented & { readonly overloads: readonly TableOverload[] },
): TableFunction {
  return Object.freeze({ kind: 'table', ...definition });
}
export function tableOverload(
  params: string,
  returns: Returns,
  evaluate: (...args: never[]) => readonly Value[],
): TableOverload {
  return { params: parseParams(params), returns: returnsOf(returns), bind: () => evaluate };
}

export type SqlFunction = ScalarFunction | AggregateFunction | TableFunction;
