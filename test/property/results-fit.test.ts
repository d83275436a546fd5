import { expect, test } from 'vitest';
import type { AggregateOverload, ScalarOverload } from '../../src/functions/define.ts';
import { findAggregate, findScalar, functionNames } from '../../src/functions/registry.ts';
import { resolveOverload, type ArgumentType, type Resolution } from '../../src/functions/resolve.ts';
import { substitute, type Param, type ParamType } from '../../src/functions/signature.ts';
import { arithmetic } from '../../src/expressions/helpers.ts';
import { castBetween, commonType } from '../../src/types/casts.ts';
import { asDecimal, decimalResult } from '../../src/types/decimals.ts';
import { EvaluationError } from '../../src/types/numbers.ts';
import {
  array,
  BIGINT,
  BOOLEAN,
  BYTES,
  DATE,
  decimal,
  DOUBLE,
  INTEGER,
  map,
  STRING,
  struct,
  TIME,
  TIMESTAMP,
  typeText,
  type SqlType,
  type Value,
} from '../../src/types/sql-type.ts';

const longest = 2n ** 63n;
const unset = (value: unknown): boolean => value === undefined;

/** Why a value is none of a type, or undefined when it is one. */
function misfit(value: unknown, type: SqlType): string | undefined {
  if (value === null) return undefined;
  const wrong = `${String(value).slice(0, 60)} (${typeof value}) is no ${typeText(type)}`;
  const unless = (holds: boolean): string | undefined => (holds ? undefined : wrong);
  const long = (limit: bigint): string | undefined =>
    unless(
      typeof value === 'bigint'
        ? !Number.isSafeInteger(Number(value)) && value < limit && value >= -limit
        : Number.isSafeInteger(value) && BigInt(value as number) < limit && BigInt(value as number) >= -limit,
    );
  switch (type.kind) {
    case 'BOOLEAN':
      return unless(typeof value === 'boolean');
    case 'INTEGER':
    case 'DATE':
      return unless(typeof value === 'number' && (value | 0) === value);
    case 'BIGINT':
      return long(longest);
    case 'DECIMAL':
      return long(10n ** BigInt(type.precision));
    case 'DOUBLE':
      return unless(typeof value === 'number');
    case 'STRING':
      return unless(typeof value === 'string');
    case 'BYTES':
      return unless(Buffer.isBuffer(value));
    case 'TIME':
      return unless(Number.isInteger(value) && (value as number) >= 0 && (value as number) < 86_400_000);
    case 'TIMESTAMP':
      return unless(Number.isSafeInteger(value));
    case 'ARRAY':
      return Array.isArray(value) ? value.map((item) => misfit(item, type.element)).find((why) => !unset(why)) : wrong;
    case 'MAP':
      if (!(value instanceof Map)) return wrong;
      return [...value].map(([k, v]) => misfit(k, type.key) ?? misfit(v, type.value)).find((why) => !unset(why));
    case 'STRUCT':
      if (!Array.isArray(value) || value.length !== type.fields.length) return wrong;
      return type.fields.map((field, i) => misfit(value[i], field.type)).find((why) => !unset(why));
  }
}

const nines = (precision: number): Value => {
  const value = 10n ** BigInt(precision) - 1n;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
};
const negative = (value: Value): Value => (typeof value === 'bigint' ? -value : -(value as number));
const texts = [
  '',
  ' ',
  'a',
  '😀',
  '1',
  '-1.5',
  'yyyy-MM-dd',
  'HH:mm:ss',
  '2021-02-30',
  '10:20:30',
  '[1,{"a":2}]',
  '$.a',
  '{',
  '(',
  '[a-',
  'Europe/Berlin',
  'hex',
  'week',
  'YEAR',
  'utf8',
  'NaN',
  'x'.repeat(70_000),
];

/** The limits of a type, and what lies between. */
function limits(type: SqlType): readonly Value[] {
  switch (type.kind) {
    case 'BOOLEAN':
      return [true, false];
    case 'INTEGER':
      return [0, 1, -1, 7, 2_147_483_647, -2_147_483_648];
    case 'BIGINT':
      return [0, 3, -1, 2 ** 53 - 1, 2n ** 53n, longest - 1n, -longest];
    case 'DOUBLE':
      return [0, -0, 0.5, -2.5, NaN, Infinity, -Infinity, 1e308, 5e-324, 1e19, -1e19];
    case 'DECIMAL':
      return [0, 5, nines(type.precision), negative(nines(type.precision))];
    case 'STRING':
      return texts;
    case 'BYTES':
      return [Buffer.alloc(0), Buffer.from([0, 255]), Buffer.alloc(8, 255), Buffer.alloc(4, 127)];
    case 'DATE':
      return [0, -719_162, 2_932_896, 2_147_483_647, -2_147_483_648];
    case 'TIME':
      return [0, 1, 86_399_999];
    case 'TIMESTAMP':
      return [0, -1, 1_700_000_000_123, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 8.64e15];
    case 'ARRAY': {
      const items = limits(type.element).slice(0, 12);
      return [[], [null], [items[0]!], [...items, null], [items[1]!, items[1]!], items.slice(-2)];
    }
    case 'MAP': {
      const keys = limits(type.key);
      return [
        new Map(),
        new Map<Value, Value>([[keys[0]!, null]]),
        new Map(limits(type.value).map((value, i) => [keys[i % keys.length]!, value])),
      ];
    }
    case 'STRUCT':
      return [
        type.fields.map(() => null),
        ...[0, 1, 2].map((i) => type.fields.map((field) => limits(field.type).at(-i)!)),
      ];
  }
}

const numbers: readonly SqlType[] = [
  INTEGER,
  BIGINT,
  DOUBLE,
  decimal(4, 2),
  decimal(38, 0),
  decimal(38, 38),
  decimal(1, 0),
];
const anything: readonly SqlType[] = [
  INTEGER,
  DOUBLE,
  decimal(4, 2),
  STRING,
  TIMESTAMP,
  BYTES,
  array(BIGINT),
  map(STRING, DOUBLE),
  struct([{ name: 'A', type: decimal(38, 10) }]),
];

/** Types that an argument of a parameter may have; generics have one of these each. */
function typesFor(type: ParamType, generic: SqlType): SqlType[] {
  switch (type.kind) {
    case 'exact':
      return [type.type];
    case 'anyDecimal':
      return numbers.filter(({ kind }) => kind === 'DECIMAL');
    case 'any':
    case 'generic':
      return [generic];
    case 'array':
      return typesFor(type.element, generic).map(array);
    case 'map':
      return typesFor(type.value, generic).map((value) => map(typesFor(type.key, STRING)[0] ?? STRING, value));
    case 'struct':
      return [struct(type.fields.map(({ name, type: field }) => ({ name, type: typesFor(field, generic)[0]! })))];
    default:
      return [];
  }
}

let seed = 7;
const random = (below: number): number => {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
};
const one = <T>(list: readonly T[]): T => list[random(list.length)]!;

function spread(params: readonly Param[]): readonly Param[] {
  return params.flatMap((param) => (param.variadic ? [param, param].slice(0, random(3)) : [param]));
}

const rounds = 150;

/** What calls of an overload with values at the limits of their types gave that is wrong. */
function faultsOf(name: string, overload: ScalarOverload): string[] {
  const faults = new Set<string>();
  const units = ['MILLISECONDS', 'SECOND', 'DAYS'];
  for (let round = 0; round < rounds; round++) {
    const generic = one(anything);
    const params = spread(overload.params);
    if (params.some(({ type }) => type.kind === 'lambda')) return [];
    const types = params.map(({ type }): ArgumentType =>
      type.kind === 'unit' ? { kind: 'UNIT' } : one(typesFor(type, generic)),
    );
    const resolution: Resolution<ScalarOverload> | undefined = resolveOverload([overload], types);
    if (resolution === undefined) continue;
    const args = types as SqlType[];
    const { returns } = overload;
    const result =
      typeof returns === 'function' ? returns(args, resolution.bindings) : substitute(returns, resolution.bindings);
    if (result === undefined) continue;
    const values = params.map(({ type }, i): Value => {
      if (type.kind === 'unit') return one(units);
      return overload.acceptsNull && random(8) === 0 ? null : one(limits(args[i]!));
    });
    const shown = (): string =>
      `${name}(${values.map((value, i) => `${String(typeof value === 'object' ? JSON.stringify(value, (_, v: unknown) => (typeof v === 'bigint' ? String(v) : v)) : value).slice(0, 30)}: ${params[i]!.type.kind === 'unit' ? 'UNIT' : typeText(args[i]!)}`).join(', ')})`;
    try {
      const evaluate = overload.bind({ args, returns: result, constants: values });
      const value = evaluate(...values) ?? null;
      const why = misfit(value, result);
      if (why !== undefined) faults.add(`${shown()}: ${why}`);
    } catch (error) {
      if (!(error instanceof EvaluationError)) faults.add(`${shown()}: ${String(error).slice(0, 100)}`);
      else if (/undefined|BigInt|Cannot |Invalid (?:array|string) length/.test(error.message))
        faults.add(`${shown()}: ${error.message.slice(0, 100)}`);
    }
    if (faults.size >= 3) break;
  }
  return [...faults];
}

test('the result of every scalar function is a value of its type, or a named error', () => {
  const faults = functionNames().flatMap((name) =>
    (findScalar(name)?.overloads ?? []).flatMap((overload) => faultsOf(name, overload)),
  );
  expect(faults).toEqual([]);
});

/** What an aggregate of values at the limits of their type gave that is wrong. */
function aggregateFaults(name: string, overload: AggregateOverload): string[] {
  const faults = new Set<string>();
  for (let round = 0; round < rounds / 4; round++) {
    const generic = one(anything);
    const params = spread(overload.params);
    if (params.length === 0) continue;
    const args = params.map(({ type }) => one(typesFor(type, generic)));
    const resolution = resolveOverload([overload], args);
    if (resolution === undefined) continue;
    const { returns } = overload;
    const result =
      typeof returns === 'function' ? returns(args, resolution.bindings) : substitute(returns, resolution.bindings);
    if (result === undefined) continue;
    const constants = params.map(({ constant, name: param }): Value | undefined =>
      constant ? (overload.wants?.[param] === undefined ? 2 : 0.5) : undefined,
    );
    const context = { args, returns: result, constants: params[0]!.constant ? [] : constants };
    let step = 'create';
    try {
      const aggregator = overload.create(context);
      let state = aggregator.init();
      const add = aggregator.add as (state: unknown, value: Value, rest: readonly Value[]) => unknown;
      for (let i = 0; i < 8; i++) {
        const value = random(8) === 0 ? null : one(limits(args[0]!));
        const rest: Value[] = args.slice(1).map((type, at) => constants[at + 1] ?? one(limits(type)));
        if (aggregator.needsTime === true) rest.push(i);
        if (aggregator.needsArrival === true) rest.push(i);
        step = `add ${String(value).slice(0, 30)}`;
        state = add(state, value, rest);
        step = 'result';
        const why = misfit((aggregator.result as (state: unknown, now: number) => unknown)(state, i), result);
        if (why !== undefined) faults.add(`${name}(${args.map(typeText).join(', ')}): ${why}`);
      }
    } catch (error) {
      if (!(error instanceof EvaluationError))
        faults.add(`${name}(${args.map(typeText).join(', ')}) ${step}: ${String(error).slice(0, 100)}`);
    }
    if (faults.size >= 3) break;
  }
  return [...faults];
}

test('the result of every aggregate is a value of its type, or a named error', () => {
  const faults = functionNames().flatMap((name) => {
    const fn = findAggregate(name);
    return fn === undefined
      ? []
      : [...fn.overloads, ...(fn.standard === fn.overloads ? [] : fn.standard)].flatMap((each) =>
          aggregateFaults(name, each),
        );
  });
  expect(faults).toEqual([]);
});

test('the result of every arithmetic operator and cast is a value of its type, or a named error', () => {
  const faults = new Set<string>();
  const run = (what: string, type: SqlType, evaluate: () => unknown): void => {
    try {
      const why = misfit(evaluate() ?? null, type);
      if (why !== undefined) faults.add(`${what}: ${why}`);
    } catch (error) {
      if (!(error instanceof EvaluationError)) faults.add(`${what}: ${String(error)}`);
    }
  };
  for (const op of ['+', '-', '*', '/', '%'] as const) {
    for (const left of numbers) {
      for (const right of numbers) {
        const common = commonType(left, right)!;
        const type = common.kind === 'DECIMAL' ? decimalResult(op, asDecimal(left)!, asDecimal(right)!) : common;
        for (const x of limits(left))
          for (const y of limits(right))
            run(`${typeText(left)} ${String(x)} ${op} ${typeText(right)} ${String(y)}`, type, () =>
              arithmetic(op, left, right, type)(x as never, y as never),
            );
      }
    }
  }
  const types = [
    ...numbers,
    BOOLEAN,
    STRING,
    BYTES,
    DATE,
    TIME,
    TIMESTAMP,
    array(STRING),
    array(INTEGER),
    map(STRING, DOUBLE),
  ];
  for (const from of types)
    for (const to of types) {
      const cast = castBetween(from, to);
      if (cast === undefined) continue;
      for (const value of limits(from))
        run(`CAST(${typeText(from)} ${String(value).slice(0, 30)} AS ${typeText(to)})`, to, () => cast(value));
    }
  expect([...faults].slice(0, 40)).toEqual([]);
});
