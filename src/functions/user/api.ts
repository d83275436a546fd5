/**
 * The functions, and the providers and transforms of models, that users write, as modules of the folder `ksql.extension.dir`: `import { scalar } from 'millrace/functions'`.
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

/** A function of a row that stands before a model (PREPROCESS) or behind it (POSTPROCESS). */
export interface UserTransform {
  readonly kind: 'transform';
  /** The name in PREPROCESS or POSTPROCESS, in any case. */
  readonly name: string;
  readonly doc: string;
  /** The types of SQL by name: of PREPROCESS the INPUT columns, of POSTPROCESS the model's outputs. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Of PREPROCESS the model's inputs, of POSTPROCESS the OUTPUT columns. */
  readonly outputs: Readonly<Record<string, string>>;
  /** Gets an object with the inputs, and returns one with the outputs; an Error that it throws is that row's. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly eval: (row: any) => unknown;
}

/** What stands before a model or behind it: what PREPROCESS and POSTPROCESS of CREATE MODEL name. */
export function transform(definition: Omit<UserTransform, 'kind'>): UserTransform {
  return { kind: 'transform', ...definition };
}

/** DURATION is written as `'5 SECONDS'` and comes as milliseconds; URL is an address of http or https that `outbound.hosts` allows. */
export type ProviderOptionType = 'STRING' | 'INTEGER' | 'DOUBLE' | 'BOOLEAN' | 'DURATION' | 'URL';

/** An option that models of a provider take in WITH. */
export interface ProviderOption {
  readonly type: ProviderOptionType;
  readonly doc: string;
  /** Whether CREATE MODEL is refused without it. */
  readonly required?: boolean;
  /** As it would be written in WITH. */
  readonly default?: string | number | boolean;
  /** Of STRING: WITH has `'secret:name'`, of those that the server's settings list, and the code gets the secret itself. */
  readonly secret?: boolean;
  /** Why a value is refused, for who wrote it; undefined when it is fine. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly check?: (value: any) => string | undefined;
}

/** The columns of a model, with the types of SQL. */
export interface ModelSignature {
  readonly inputs: readonly { readonly name: string; readonly type: string }[];
  readonly outputs: readonly { readonly name: string; readonly type: string }[];
}

/** A model at work. Each function may be async. */
export interface OpenedModel {
  /**
   * Scores rows, which are objects by the names of the INPUT columns. Returns as many answers in the same order: an object by the
   * names of the OUTPUT columns; where there is one output, the value itself; or an Error for a row that cannot be scored. The signal is
   * aborted when nobody waits any more.
   */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  scoreBatch(rows: readonly any[], signal: AbortSignal): unknown;
  /** Throws, or returns false, when the model is not served: of HEALTH_CHECK_ENABLED, and when a version is to take rows. */
  health?(signal: AbortSignal): unknown;
  /** Lets go of what the model holds. */
  close?(): unknown;
}

export interface UserProvider {
  readonly kind: 'provider';
  /** The name in PROVIDER, in any case. */
  readonly name: string;
  readonly doc: string;
  /** By their names in WITH, in any case. */
  readonly options?: Readonly<Record<string, ProviderOption>>;
  /** Opens a model, on each thread that scores its rows. `options` are by the names above. */
  readonly open: (
    // eslint-disable-next-line @typescript-eslint/no-explicit-any
    options: any,
    signature: ModelSignature,
    signal: AbortSignal,
  ) => OpenedModel | Promise<OpenedModel>;
}

/** A provider of models: what PROVIDER of CREATE MODEL names. */
export function modelProvider(definition: Omit<UserProvider, 'kind'>): UserProvider {
  return { kind: 'provider', ...definition };
}

/** Why rows were not scored. TIMEOUT, NETWORK and HTTP_5XX are tried again, as MAX_RETRIES says; the others are not. */
export type ModelFailure = 'TIMEOUT' | 'NETWORK' | 'HTTP_5XX' | 'HTTP_4XX' | 'BAD_RESPONSE' | 'INVALID_INPUT';

/**
 * What a provider throws for a whole call, or returns for one row, to tell the class of the failure. Of other errors those of a connection
 * are NETWORK and those of a signal TIMEOUT; the rest is BAD_RESPONSE, and may be of one row.
 */
export class ModelError extends Error {
  override readonly name = 'ModelError';
  readonly failure: ModelFailure;
  /** Whether one row may have failed all: the call is then divided. */
  readonly mayBeOneRow: boolean;

  constructor(
    failure: ModelFailure,
    message: string,
    { mayBeOneRow = false }: { readonly mayBeOneRow?: boolean } = {},
  ) {
    super(message);
    this.failure = failure;
    this.mayBeOneRow = mayBeOneRow;
  }

  /** The error of a server that answered with a status of 400 or more. */
  static ofStatus(status: number, message: string): ModelError {
    const failure = status === 429 || status >= 500 ? 'HTTP_5XX' : 'HTTP_4XX';
    return new ModelError(failure, `${status} ${message.slice(0, 200)}`, {
      mayBeOneRow: [400, 413, 422, 500].includes(status),
    });
  }
}
