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
import { givenAs, takenAs } from './values.ts';
import { watch } from './watch.ts';

type Code = (...args: unknown[]) => unknown;

/** What is wrong with a definition, said to whoever wrote it. */
export class InvalidFunction extends Error {
  override readonly name = 'InvalidFunction';
}

/** A user's definition as a function of SQL, its values converted and its calls watched; throws `InvalidFunction`. */
export function builtFunction(given: unknown, path: string): SqlFunction {
  const definition = checked(given);
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
        // It may remember or look at anything: never evaluated ahead.
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
      });
  }
}

function tableCode(evaluate: Code, acceptsNull: boolean): (...args: never[]) => readonly Value[] {
  return (...args: unknown[]) => {
    if (!acceptsNull && args.includes(null)) return [];
    return (evaluate(...args) as readonly Value[] | null) ?? [];
  };
}

function checked(given: unknown): UserFunction {
  const refuse = (why: string): never => {
    throw new InvalidFunction(why);
  };
  if (typeof given !== 'object' || given === null) return refuse('an export is no function definition');
  const { kind, name, doc, overloads } = given as Partial<UserFunction>;
  if (kind !== 'scalar' && kind !== 'aggregate' && kind !== 'table')
    return refuse('an export is not made by scalar, aggregate or tableFunction of millrace/functions');
  if (typeof name !== 'string' || !/^[A-Za-z_]\w*$/.test(name))
    return refuse(`"${String(name)}" is no name of a function`);
  if (typeof doc !== 'string') return refuse(`${name} has no doc`);
  if (!Array.isArray(overloads) || overloads.length === 0) return refuse(`${name} has no overloads`);
  for (const each of overloads as readonly (ScalarSignature & AggregateSignature)[]) {
    const code = kind === 'aggregate' ? [each.init, each.add] : [each.create ?? each.eval];
    if (code.some((part) => typeof part !== 'function'))
      refuse(`${name}(${each.params}) has no ${kind === 'aggregate' ? 'init and add' : 'eval'}`);
    try {
      signature(each);
    } catch (error) {
      refuse(`${name}(${each.params}) => ${each.returns}: ${(error as Error).message}`);
    }
  }
  return given as UserFunction;
}

/** A struct's type has no field without a type, and a signature no word that is none: `parseParams` says so. */
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

function scalarOverload(each: ScalarSignature, taken: (type: SqlType) => SqlType = (type) => type): ScalarOverload {
  return {
    ...signature(each),
    acceptsNull: each.acceptsNull === true,
    bind: ({ args, returns }) => {
      const code = (each.create?.() ?? each.eval) as Code;
      const give = giver(args);
      const take = takenAs(taken(returns));
      return (...values: Value[]) => take(watch(() => code(...give(values))));
    },
  };
}

function giver(types: readonly (SqlType | null)[]): (values: readonly Value[]) => readonly unknown[] {
  const converts = types.map((type) => (type === null ? undefined : givenAs(type)));
  if (converts.every((convert) => convert === undefined)) return (values) => values;
  return (values) => values.map((value, i) => (value === null ? null : (converts[i]?.(value) ?? value)));
}

function aggregatorOf(each: AggregateSignature, { args, returns }: CallContext): Aggregator {
  const give = giver(args);
  const take = takenAs(returns);
  const { undo, merge, result } = each;
  const step = (code: Code) => (state: never, value: Value, rest: readonly Value[]) =>
    storable(watch(() => code(state, ...give(args.length === 0 ? [] : [value, ...rest]))));
  return {
    init: () => storable(watch(() => each.init())),
    add: step(each.add),
    ...(undo && { undo: step(undo) }),
    merge: merge && ((left: never, right: never) => storable(watch(() => (merge as Code)(left, right)))),
    orderFree: false,
    result: (state: never) => take(result === undefined ? state : watch(() => (result as Code)(state))),
  };
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
