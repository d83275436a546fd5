import { EvaluationError } from '../../types/numbers.ts';
import type { SqlType, Value } from '../../types/sql-type.ts';
import {
  aggregate,
  scalar,
  tableFunction,
  type Aggregator,
  type CallContext,
  type ScalarOverload,
  type SqlFunction,
} from '../define.ts';
import { parseParams, parseParamType, type ParamType } from '../signature.ts';
import type { AggregateSignature, ScalarSignature, UserFunction } from './api.ts';
import { givenAs, takenAs } from '../../extensions/values.ts';
import { watch } from './watch.ts';

type Code = (...args: unknown[]) => unknown;

/** An error in a definition, with a message for its author. */
export class InvalidDefinition extends Error {
  override readonly name = 'InvalidDefinition';
}

/** Converts a user's definition to a SQL function: values are converted and calls are timed. Throws `InvalidDefinition`. */
export function builtFunction(exported: unknown, path: string): SqlFunction {
  const definition = checked(exported);
  const name = definition.name.toUpperCase();
  const about = {
    name,
    doc: definition.doc,
    author: definition.author ?? '',
    version: definition.version ?? '',
    path,
  };
  switch (definition.kind) {
    case 'scalar':
      return scalar({
        ...about,
        category: 'USER',
        // User code may have state or side effects, so it is never folded.
        volatile: true,
        overloads: definition.overloads.map((overload) => scalarOverload(overload)),
      });
    case 'table':
      return tableFunction({
        ...about,
        category: 'USER',
        overloads: definition.overloads.map((overload) => {
          const { params, returns, bind } = scalarOverload(overload, (type) => ({ kind: 'ARRAY', element: type }));
          return { params, returns, bind: (context) => tableCode(bind(context), overload.acceptsNull === true) };
        }),
      });
    case 'aggregate':
      return aggregate({
        ...about,
        category: 'USER',
        overloads: definition.overloads.map((overload) => ({
          ...signature(overload),
          create: (context) => aggregatorOf(overload, context),
        })),
        standard: 'same',
      });
  }
}

function tableCode(evaluate: Code, acceptsNull: boolean): (...args: never[]) => readonly Value[] {
  return (...args: unknown[]) => {
    if (!acceptsNull && args.includes(null)) return [];
    return (evaluate(...args) as readonly Value[] | null) ?? [];
  };
}

function checked(exported: unknown): UserFunction {
  const refuse = (why: string): never => {
    throw new InvalidDefinition(why);
  };
  if (typeof exported !== 'object' || exported === null) return refuse('an export is no function definition');
  const { kind, name, doc, overloads } = exported as Partial<UserFunction>;
  if (kind !== 'scalar' && kind !== 'aggregate' && kind !== 'table')
    return refuse('an export is not made by a function of millrace/functions');
  if (typeof name !== 'string' || !/^[A-Za-z_]\w*$/.test(name))
    return refuse(`"${String(name)}" is no name of a function`);
  if (typeof doc !== 'string') return refuse(`${name} has no doc`);
  if (!Array.isArray(overloads) || overloads.length === 0) return refuse(`${name} has no overloads`);
  for (const overload of overloads as readonly (ScalarSignature & AggregateSignature)[]) {
    const code = kind === 'aggregate' ? [overload.init, overload.add] : [overload.create ?? overload.eval];
    if (code.some((part) => typeof part !== 'function'))
      refuse(`${name}(${overload.params}) has no ${kind === 'aggregate' ? 'init and add' : 'eval'}`);
    try {
      signature(overload);
    } catch (error) {
      refuse(`${name}(${overload.params}) => ${overload.returns}: ${(error as Error).message}`);
    }
  }
  return exported as UserFunction;
}

/** A STRUCT's type must give each field a type, and a signature only known words: `parseParams` throws otherwise. */
const signature = ({
  params,
  returns,
}: {
  params: string;
  returns: string;
}): { params: ScalarOverload['params']; returns: ParamType } => ({
  params: parseParams(params),
  returns: parseParamType(returns),
});

function scalarOverload(
  definition: ScalarSignature,
  taken: (type: SqlType) => SqlType = (type) => type,
): ScalarOverload {
  return {
    ...signature(definition),
    acceptsNull: definition.acceptsNull === true,
    bind: ({ args, returns }) => {
      const code = (definition.create?.() ?? definition.eval) as Code;
      const give = giver(args);
      const take = takenAs(taken(returns));
      return (...values: Value[]) => take(told(() => watch(() => code(...give(values)))));
    },
  };
}

function giver(types: readonly (SqlType | null)[]): (values: readonly Value[]) => readonly unknown[] {
  const converts = types.map((type) => (type === null ? undefined : givenAs(type)));
  if (converts.every((convert) => convert === undefined)) return (values) => values;
  return (values) => values.map((value, i) => (value === null ? null : (converts[i]?.(value) ?? value)));
}

function aggregatorOf(definition: AggregateSignature, { args, returns }: CallContext): Aggregator {
  const give = giver(args);
  const take = takenAs(returns);
  const { undo, merge, result } = definition;
  const step = (code: Code) => (state: never, value: Value, rest: readonly Value[]) =>
    storable(told(() => watch(() => code(state, ...give(args.length === 0 ? [] : [value, ...rest])))));
  return {
    init: () => storable(watch(() => definition.init())),
    add: step(definition.add),
    ...(undo && { undo: step(undo) }),
    // A user's merge may change what it gets, and states are merged again and again.
    merge: merge && ((left, right) => storable(told(() => watch(() => (merge as Code)(copied(left), copied(right)))))),
    orderFree: false,
    result: (state: never) => take(result === undefined ? state : told(() => watch(() => (result as Code)(state)))),
  };
}

/** What a user's code throws is told in its own words. */
function told<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof EvaluationError || !(error instanceof Error)) throw error;
    throw new EvaluationError(error.message);
  }
}

function copied(state: unknown): unknown {
  if (Array.isArray(state)) return state.map(copied);
  if (Buffer.isBuffer(state)) return Buffer.from(state);
  return state instanceof Map ? new Map([...state].map(([key, value]) => [key, copied(value)])) : state;
}

function storable(state: unknown): unknown {
  const isPlain = (value: unknown): boolean =>
    value === null ||
    ['number', 'bigint', 'string', 'boolean'].includes(typeof value) ||
    Buffer.isBuffer(value) ||
    (Array.isArray(value) && value.every(isPlain)) ||
    (value instanceof Map && [...value].every(([key, item]) => isPlain(key) && isPlain(item)));
  if (isPlain(state)) return state;
  throw new EvaluationError(`the state of an aggregate cannot be ${state === undefined ? 'undefined' : 'an object'}`);
}
