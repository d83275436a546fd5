import type { SqlType, Value } from '../types/sql-type.ts';
import type { VectorMetric } from '../types/vector-metric.ts';
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

/** The maximum number of values that COLLECT_LIST and COLLECT_SET keep; undefined means no limit. */
export interface CollectLimits {
  readonly list: number | undefined;
  readonly set: number | undefined;
}

/** What a function knows of the call that it is built for: argument types, result type, and literal arguments by position. */
export interface CallContext {
  readonly args: readonly (SqlType | null)[];
  readonly returns: SqlType;
  readonly constants: readonly (Value | undefined)[];
  /** The limits of the query that runs it. */
  readonly limits?: CollectLimits | undefined;
  /**
   * Whether states are merged or rows are not added in order of arrival: functions that depend on the order then get arrival
   * numbers.
   */
  readonly arrivals?: boolean | undefined;
  /** Whether it is over a table: rows are taken back, and ksqlDB's sums of doubles must be exact for that. */
  readonly ofTable?: boolean | undefined;
  /** Takes an `EvaluationError` that says why the result for the current row is null. */
  readonly report?: ((error: Error) => void) | undefined;
}

// TypeScript cannot derive the parameters' types from the signature text.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Evaluate = (...args: any[]) => unknown;

interface OverloadBase {
  readonly params: readonly Param[];
  /** The result type, or a function that computes it from argument types and bindings. */
  readonly returns: ParamType | ((args: readonly (SqlType | null)[], bindings: Bindings) => SqlType);
}
export interface ScalarOverload extends OverloadBase {
  /** False: any NULL argument makes the result NULL without a call. True: the function is called with NULLs. */
  readonly acceptsNull: boolean;
  readonly bind: (context: CallContext) => Evaluate;
  /** Why a string literal cannot be an argument, by the name of the parameter; undefined when it can. */
  readonly literalChecks?: LiteralChecks;
}
type LiteralChecks = Readonly<Record<string, (text: string) => string | undefined>>;
interface Documented {
  readonly name: string;
  readonly doc: string;
  readonly category: Category;
  /** For user-defined functions: author and file. */
  readonly author?: string;
  readonly version?: string;
  readonly path?: string;
}
export interface ScalarFunction extends Documented {
  readonly kind: 'scalar';
  /** Returns another result at each call, so it is never folded. */
  readonly volatile: boolean;
  readonly overloads: readonly ScalarOverload[];
  /** Of a function of two vectors by which rows are ordered: what it measures, in either order of its arguments. */
  readonly metric?: VectorMetric | undefined;
}

type Returns = string | OverloadBase['returns'];
interface OverloadOptions {
  readonly acceptsNull?: boolean;
  readonly literalChecks?: LiteralChecks;
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
    acceptsNull: false,
    ...options,
    bind: () => evaluate,
  };
}

/** As `overload`, for code that depends on the argument types or literal arguments of the call. */
export function boundOverload(
  params: string,
  returns: Returns,
  bind: ScalarOverload['bind'],
  options: OverloadOptions = {},
): ScalarOverload {
  return { params: parseParams(params), returns: returnsOf(returns), acceptsNull: options.acceptsNull ?? false, bind };
}

export function scalar(
  definition: Documented & Partial<Pick<ScalarFunction, 'volatile' | 'metric'>> & Pick<ScalarFunction, 'overloads'>,
): ScalarFunction {
  return Object.freeze({ kind: 'scalar', volatile: false, ...definition });
}

/**
 * A running aggregate. States are plain values (numbers, strings, arrays, Maps, Buffers), which stores write as they are. `add`
 * and `undo` may change the given state and return it; `merge` returns a new one.
 */
export interface Aggregator {
  readonly init: () => unknown;
  /** `value` is the first argument, `rest` the others; nulls are passed too. */
  readonly add: (state: never, value: Value, rest: readonly Value[]) => unknown;
  /**
   * Removes a value that was added: retracts a table's old row and, if `orderFree`, rows that leave a frame. In the standard
   * set the result is exact, whatever was added before or since.
   */
  readonly undo?: ((state: never, value: Value, rest: readonly Value[]) => unknown) | undefined;
  /** Merges two states, for sessions and panes; `right` is the later one. */
  readonly merge: ((left: never, right: never) => unknown) | undefined;
  /** Whether `merge` gives the same result in any order, so that panes may be merged in time order. */
  readonly orderFree: boolean;
  /** Set if a state is about as large as the values added to it, as a list is: keeping many states would cost too much. */
  readonly growing?: true;
  /** Set if the result is the number of rows, so that callers who know it need not count. */
  readonly countsRows?: true;
  /** Set if the result is about the row that was added last: a frame must end with the current row. */
  readonly judgesLast?: true;
  /** Whether `add` gets the event time as its last argument. */
  readonly needsTime?: true;
  /** Whether `add` gets the row's arrival number as its last argument. */
  readonly needsArrival?: true;
  /** `now` is the event time of the row that gets the result; of a group its newest. */
  readonly result: (state: never, now: number) => Value;
}
export interface WantedConstant {
  /** In words, for errors: "more than 0 and at most 1". */
  readonly text: string;
  readonly holds: (value: number) => boolean;
}
/** Why a constant text cannot be an argument, and what can be written. */
export interface ArgumentFault {
  /** The option that it is about, by its name; whether by the name itself, not by its value. */
  readonly option?: string;
  readonly isName?: true;
  readonly why: string;
  readonly hint: string;
}
export interface AggregateOverload extends OverloadBase {
  readonly create: (context: CallContext) => Aggregator;
  /** What literal arguments must fulfil beside their types, by parameter name. */
  readonly wants?: Readonly<Record<string, WantedConstant>>;
  /** What is wrong with a constant text, by parameter name. */
  readonly checks?: Readonly<Record<string, (text: string) => ArgumentFault | undefined>>;
  /** The type of the running state, for a check of ksqlDB's that the format can hold it; undefined for the result type. */
  readonly stateType?: (context: CallContext) => SqlType;
}
/** A function over a group's rows, with the rules of ksqlDB and of the SQL standard: see `AggregateSetName` of the specs. */
export interface AggregateFunction extends Documented {
  readonly kind: 'aggregate';
  /** The function that a call with DISTINCT is replaced by. */
  readonly distinct?: string;
  /** The result has the rows of a frame one by one, so summaries of several rows cannot be used. */
  readonly needsRows?: true;
  /** The overloads with ksqlDB's rules. */
  readonly overloads: readonly AggregateOverload[];
  readonly standard: readonly AggregateOverload[];
}
export const overloadsOf = (fn: AggregateFunction, set: 'standard' | 'ksqldb'): readonly AggregateOverload[] =>
  set === 'standard' ? fn.standard : fn.overloads;

export function aggregateOverload(
  params: string,
  returns: Returns,
  create: AggregateOverload['create'],
  options: Pick<AggregateOverload, 'wants' | 'checks' | 'stateType'> = {},
): AggregateOverload {
  return { params: parseParams(params), returns: returnsOf(returns), create, ...options };
}

/** Every signature of a function; those of the standard set, if it has its own, come after ksqlDB's. */
export function signaturesOf(
  fn: SqlFunction,
): readonly { readonly overload: SqlFunction['overloads'][number]; readonly isStandard: boolean }[] {
  const standard = fn.kind === 'aggregate' && fn.standard !== fn.overloads ? fn.standard : [];
  return [
    ...fn.overloads.map((each) => ({ overload: each, isStandard: false })),
    ...standard.map((each) => ({ overload: each, isStandard: true })),
  ];
}

/** `same`: ksqlDB's overloads are exact, and null without values if the standard's are, so they serve for both. */
export function aggregate({
  standard,
  ...definition
}: Omit<AggregateFunction, 'kind' | 'standard'> & {
  readonly standard: readonly AggregateOverload[] | 'same';
}): AggregateFunction {
  return Object.freeze({
    kind: 'aggregate',
    ...definition,
    standard: standard === 'same' ? definition.overloads : standard,
  });
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
