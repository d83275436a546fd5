import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aggregateFunctions } from '../../src/functions/aggregate/index.ts';
import type { Aggregator, AggregateOverload } from '../../src/functions/define.ts';
import { substitute, type Param } from '../../src/functions/signature.ts';
import { decodeValue, encodeValue } from '../../src/runtime/codec.ts';
import { BIGINT, decimal, DOUBLE, INTEGER, STRING, type SqlType, type Value } from '../../src/types/sql-type.ts';

/** A row of a frame: the arguments that are no constants, the event time and the number of its arrival. */
interface Row {
  readonly values: readonly Value[];
  readonly time: number;
  readonly arrival: number;
}

/** What a constant argument may be, by the name of its parameter. */
const constants: Readonly<Record<string, Value>> = {
  k: 3,
  n: 2,
  ignore_nulls: true,
  alpha: 0.3,
  q: 0.5,
  half_life: 700,
};
/** Results that are rounded more than once are compared with a tolerance. */
const rounded = new Set(['EWMA']);

const valuesOf = (type: SqlType): fc.Arbitrary<Value> => {
  switch (type.kind) {
    case 'INTEGER':
      return fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer());
    case 'BIGINT':
      return fc.oneof(
        fc.integer({ min: -3, max: 3 }),
        fc.constantFrom(9223372036854775807n, -9223372036854775808n, 9007199254740993n, 9007199254740991),
      );
    case 'DOUBLE':
      return fc.oneof(
        fc.integer({ min: -300, max: 300 }).map((n) => n / 100),
        fc.double({ noDefaultInfinity: true, noNaN: true }),
        fc.constantFrom(NaN, Infinity, -Infinity, 0, -0, 1e20, 1e308, -1e308, 5e-324),
      );
    case 'DECIMAL':
      return fc.oneof(
        fc.integer({ min: -300, max: 300 }),
        fc.constantFrom(99999999999999999999n, -99999999999999999999n),
      );
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
      return fc.integer({ min: 0, max: 9 });
    case 'BOOLEAN':
      return fc.boolean();
    case 'BYTES':
      return fc.constantFrom(Buffer.from('a'), Buffer.from('b'), Buffer.from([]));
    case 'ARRAY':
      return fc.array(nullable(type.element), { maxLength: 3 });
    default:
      return fc.constantFrom('a', 'b', 'c', '');
  }
};
const nullable = (type: SqlType): fc.Arbitrary<Value> =>
  fc.oneof({ weight: 5, arbitrary: valuesOf(type) }, fc.constant(null));

const isEqual = (name: string, actual: Value, expected: Value): void => {
  if (!rounded.has(name) || typeof actual !== 'number' || typeof expected !== 'number')
    return expect(actual).toEqual(expected);
  if (Number.isFinite(expected)) expect(Math.abs(actual - expected)).toBeLessThanOrEqual(Math.abs(expected) * 1e-12);
  else expect(actual).toEqual(expected);
};

/** The overload for some types of what any type may stand for. */
interface Case {
  readonly name: string;
  readonly signature: string;
  readonly types: readonly SqlType[];
  readonly aggregator: Aggregator;
  /** All arguments of a row but the first, as the engine gives them. */
  readonly rest: (row: Row) => readonly Value[];
}
const caseOf = (name: string, { params: declared, create, returns }: AggregateOverload, any: SqlType): Case => {
  const params: readonly Param[] = declared;
  const bindings = new Map([
    ['T', any],
    ['DECIMAL', decimal(20, 2)],
  ]);
  const typeOf = ({ type }: Param): SqlType => substitute(type, bindings) ?? any;
  const types = params.filter(({ constant }) => !constant).map(typeOf);
  const fixed = params.map((param) => (param.constant ? constants[param.name] : undefined));
  const args = params.map(typeOf);
  const result = typeof returns === 'function' ? returns(args, bindings) : (substitute(returns, bindings) ?? any);
  const aggregator = create({ args, returns: result, constants: fixed, arrivals: true });
  const isValue = params.map(({ constant }) => !constant);
  const rest = ({ values, time, arrival }: Row): readonly Value[] => {
    let at = isValue[0] === true ? 1 : 0;
    const others = params.slice(1).map((_, i) => (isValue[i + 1] === true ? values[at++]! : fixed[i + 1]!));
    if (aggregator.needsTime === true) return [...others, time];
    return aggregator.needsArrival === true ? [...others, arrival] : others;
  };
  return { name, signature: params.map((param) => typeOf(param).kind).join(', '), types, aggregator, rest };
};
const cases = aggregateFunctions.flatMap(({ name, standard }) =>
  standard.flatMap((overload) => {
    const isOpen = overload.params.some(({ type }) => type.kind === 'generic' || type.kind === 'any');
    return (isOpen ? [INTEGER, BIGINT, DOUBLE, STRING] : [STRING]).map((any) => caseOf(name, overload, any));
  }),
);

/** What reads its rows one after the other: two parts cannot be put together. */
const sequential: readonly string[] = ['ML_DETECT_ANOMALIES', 'PAGE_HINKLEY', 'ADWIN'];
const now = 1_000_000;
const firstOf = (row: Row): Value => row.values[0] ?? null;

describe.each(cases.map((each) => [`${each.name}(${each.signature})`, each] as const))('%s', (_, each) => {
  const { name, types, aggregator, rest } = each;
  const rows = fc
    .array(fc.tuple(fc.tuple(...types.map(nullable)), fc.integer({ min: 0, max: now })), { maxLength: 12 })
    .map((list) =>
      list
        .sort(([, a], [, b]) => a - b)
        .map(([values, time], i): Row => ({ values: values, time, arrival: (i * 7) % 13 })),
    );
  const add = (state: unknown, row: Row): unknown => aggregator.add(state as never, firstOf(row), rest(row));
  const all = (list: readonly Row[]): unknown => list.reduce(add, aggregator.init());
  const result = (state: unknown): Value => aggregator.result(state as never, now);
  const settings = { numRuns: 60, seed: 14 };

  test('merged states give what all rows give, and stay as they are', () => {
    const { merge } = aggregator;
    if (merge === undefined) {
      expect(sequential).toContain(name);
      return;
    }
    fc.assert(
      fc.property(rows, fc.nat(), (list, cut) => {
        const at = list.length === 0 ? 0 : cut % (list.length + 1);
        const [left, right] = [all(list.slice(0, at)), all(list.slice(at))];
        const before = [result(left), result(right)];
        const merged = merge(left as never, right as never);
        isEqual(name, result(merged), result(all(list)));
        add(merged, list[0] ?? { values: types.map(() => null), time: 0, arrival: 0 });
        expect([result(left), result(right)]).toEqual(before);
      }),
      settings,
    );
  });

  test('a state that was stored goes on as the one in memory', () => {
    fc.assert(
      fc.property(rows, rows, (list, more) => {
        const stored: unknown = decodeValue(encodeValue(all(list)));
        isEqual(name, result(stored), result(all(list)));
        isEqual(name, result(more.reduce(add, stored)), result(all([...list, ...more])));
      }),
      settings,
    );
  });

  test('results do not change with the state', () => {
    fc.assert(
      fc.property(rows, (list) => {
        let state: unknown = aggregator.init();
        const given: [Value, string][] = [];
        for (const row of list) {
          state = add(state, row);
          const value = result(state);
          given.push([value, encodeValue(value).toString('hex')]);
        }
        for (const [value, bytes] of given) expect(encodeValue(value).toString('hex')).toBe(bytes);
      }),
      settings,
    );
  });

  const { undo } = aggregator;
  if (undo !== undefined && aggregator.orderFree)
    test('what is taken back leaves what was, in any order', () => {
      fc.assert(
        fc.property(rows, rows, fc.nat(), (kept, others, cut) => {
          const mixed = [...others, ...kept].sort((a, b) => a.time - b.time);
          const at = others.length === 0 ? 0 : cut % others.length;
          const left = [...others.slice(at), ...others.slice(0, at)].reduce<unknown>(
            (state, row) => undo(state as never, firstOf(row), rest(row)),
            all(mixed),
          );
          isEqual(name, result(left), result(all(kept)));
        }),
        settings,
      );
    });
});
