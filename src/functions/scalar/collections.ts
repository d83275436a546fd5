import { compareValues, equalValues, identity } from '../../types/compare.ts';
import { addLong, EvaluationError, multiplyLong } from '../../types/numbers.ts';
import type { Long, SqlType, Value } from '../../types/sql-type.ts';
import { valueText } from '../../types/text.ts';
import { boundOverload, overload, scalar, type Category, type ScalarFunction } from '../define.ts';

type Items = readonly Value[];
const fn = (
  name: string,
  doc: string,
  params: string,
  returns: string,
  evaluate: (...args: never[]) => unknown,
  acceptsNull = false,
  category: Category = 'COLLECTION',
): ScalarFunction =>
  scalar({ name, doc, category, overloads: [overload(params, returns, evaluate as never, { acceptsNull })] });

const distinct = (items: Items): Value[] => {
  const seen = new Set<unknown>();
  return items.filter((item) => !seen.has(identity(item)) && seen.add(identity(item)));
};
/** ksqlDB's GENERATE_SERIES: from start to end, both included; the sign of the step must lead from start to end. */
function series(start: Long, end: Long, step: number): Long[] {
  if (step === 0) throw new EvaluationError('GENERATE_SERIES needs a step other than 0');
  if (start > end === step > 0 && start != end)
    throw new EvaluationError(`GENERATE_SERIES: a step of ${step} does not lead from ${start} to ${end}`);
  const size = (BigInt(end) - BigInt(start)) / BigInt(step);
  if (size > 1_000_000) throw new EvaluationError(`GENERATE_SERIES would give ${size} values, 1000000 at most`);
  return Array.from({ length: Number(size) + 1 }, (_, i) => addLong(start, multiplyLong(i, step)));
}
const generateSeries = scalar({
  name: 'GENERATE_SERIES',
  doc: 'The numbers from a start to an end, both included, by a step: 1 or -1 unless given.',
  category: 'COLLECTION',
  overloads: ['INTEGER', 'BIGINT'].flatMap((type) => [
    overload(`start ${type}, end ${type}`, `ARRAY<${type}>`, (start: Long, end: Long) =>
      series(start, end, start > end ? -1 : 1),
    ),
    overload(`start ${type}, end ${type}, step INTEGER`, `ARRAY<${type}>`, series),
  ]),
});

const identities = (items: Items): Set<unknown> => new Set(items.map(identity));
const element = (type: SqlType | null): SqlType => (type as Extract<SqlType, { kind: 'ARRAY' }>).element;

const extreme = (name: string, doc: string, sign: 1 | -1): ScalarFunction =>
  scalar({
    name,
    doc,
    category: 'COLLECTION',
    overloads: [
      boundOverload(
        'items ARRAY<T>',
        'T',
        ({ returns }) =>
          (items: Items) =>
            items.reduce<Value>(
              (best, item) =>
                item === null ? best : best === null || sign * compareValues(returns, item, best) > 0 ? item : best,
              null,
            ),
      ),
    ],
  });

function slice(items: Items, from: number | null, to: number | null): Items | null {
  const start = from === null ? 0 : from - 1;
  const end = to ?? items.length;
  if (start < 0 || end > items.length || start > items.length) return null;
  if (start > end) throw new EvaluationError(`the slice from ${from} to ${to} is empty the wrong way round`);
  return items.slice(start, end);
}

/** Functions on arrays and maps that take no lambda. */
export const collectionFunctions: readonly ScalarFunction[] = [
  generateSeries,
  fn('ARRAY_LENGTH', 'The number of elements.', 'items ARRAY<T>', 'INTEGER', (items: Items) => items.length),
  fn(
    'ARRAY_CONTAINS',
    'Whether an array holds a value; a null array holds none.',
    'items ARRAY<T>, value T',
    'BOOLEAN',
    (items: Items | null, value: Value) => items?.some((item) => equalValues(item, value)) ?? false,
    true,
  ),
  fn('ARRAY_DISTINCT', 'Each element once, in order.', 'items ARRAY<T>', 'ARRAY<T>', distinct),
  fn(
    'ARRAY_CONCAT',
    'Both arrays one after the other.',
    'left ARRAY<T>, right ARRAY<T>',
    'ARRAY<T>',
    (left: Items | null, right: Items | null) => (left === null ? right : right === null ? left : [...left, ...right]),
    true,
  ),
  fn(
    'ARRAY_UNION',
    'The elements of either array, each once.',
    'left ARRAY<T>, right ARRAY<T>',
    'ARRAY<T>',
    (left: Items, right: Items) => distinct([...left, ...right]),
  ),
  fn(
    'ARRAY_INTERSECT',
    'The elements of both arrays, each once.',
    'left ARRAY<T>, right ARRAY<T>',
    'ARRAY<T>',
    (left: Items, right: Items) => {
      const others = identities(right);
      return distinct(left).filter((item) => others.has(identity(item)));
    },
  ),
  fn(
    'ARRAY_EXCEPT',
    'The elements of the left array that the right one lacks, each once.',
    'left ARRAY<T>, right ARRAY<T>',
    'ARRAY<T>',
    (left: Items, right: Items) => {
      const others = identities(right);
      return distinct(left).filter((item) => !others.has(identity(item)));
    },
  ),
  fn(
    'ARRAY_REMOVE',
    'The array without a value.',
    'items ARRAY<T>, value T',
    'ARRAY<T>',
    (items: Items | null, value: Value) => items?.filter((item) => !equalValues(item, value)) ?? null,
    true,
  ),
  extreme('ARRAY_MAX', 'The greatest element; nulls are ignored.', 1),
  extreme('ARRAY_MIN', 'The least element; nulls are ignored.', -1),
  scalar({
    name: 'ARRAY_SORT',
    doc: 'The elements in order, nulls last; the direction is ASC or DESC.',
    category: 'COLLECTION',
    overloads: ['items ARRAY<T>', 'items ARRAY<T>, direction STRING'].map((params) =>
      boundOverload(params, 'ARRAY<T>', ({ args }) => (items: Items, direction = 'ASC') => {
        const sign = /^asc(ending)?$/i.test(direction as string)
          ? 1
          : /^desc(ending)?$/i.test(direction as string)
            ? -1
            : 0;
        if (sign === 0) return null;
        const type = element(args[0]!);
        return [...items].sort((a, b) =>
          a === null ? (b === null ? 0 : 1) : b === null ? -1 : sign * compareValues(type, a, b),
        );
      }),
    ),
  }),
  scalar({
    name: 'ARRAY_JOIN',
    doc: 'The elements as one text with a delimiter between them.',
    category: 'COLLECTION',
    overloads: ['items ARRAY<T>', 'items ARRAY<T>, delimiter STRING'].map((params) =>
      boundOverload(
        params,
        'STRING',
        ({ args }) => {
          const type = element(args[0]!);
          if (!['BOOLEAN', 'INTEGER', 'BIGINT', 'DOUBLE', 'DECIMAL', 'STRING'].includes(type.kind)) {
            return () => {
              throw new EvaluationError(`ARRAY_JOIN cannot join elements of type ${type.kind}`);
            };
          }
          return (items: Items | null, delimiter: string | null = ',') =>
            items?.map((item) => valueText(type, item)).join(delimiter ?? '') ?? null;
        },
        { acceptsNull: true },
      ),
    ),
  }),
  fn(
    'SLICE',
    'The elements from a position to another, 1-based and inclusive.',
    'items ARRAY<T>, from INTEGER, to INTEGER',
    'ARRAY<T>',
    (items: Items | null, from: number | null, to: number | null) => (items === null ? null : slice(items, from, to)),
    true,
  ),
  fn(
    'AS_MAP',
    'A map from a list of keys and a list of values.',
    'keys ARRAY<STRING>, values ARRAY<T>',
    'MAP<STRING, T>',
    (keys: Items, values: Items) => new Map(keys.map((key, i) => [key, values[i] ?? null])),
  ),
  fn('MAP_KEYS', 'The keys of a map.', 'input MAP<STRING, T>', 'ARRAY<STRING>', (input: ReadonlyMap<Value, Value>) => [
    ...input.keys(),
  ]),
  fn('MAP_VALUES', 'The values of a map.', 'input MAP<STRING, T>', 'ARRAY<T>', (input: ReadonlyMap<Value, Value>) => [
    ...input.values(),
  ]),
  fn(
    'MAP_UNION',
    'Both maps in one; the second wins.',
    'left MAP<STRING, T>, right MAP<STRING, T>',
    'MAP<STRING, T>',
    (left: ReadonlyMap<Value, Value> | null, right: ReadonlyMap<Value, Value> | null) =>
      left === null ? right : right === null ? left : new Map([...left, ...right]),
    true,
  ),
  scalar({
    name: 'ENTRIES',
    doc: 'The entries of a map as structs of K and V, by key when sorted.',
    category: 'COLLECTION',
    overloads: [
      overload(
        'input MAP<STRING, T>, sorted BOOLEAN',
        'ARRAY<STRUCT<K STRING, V T>>',
        (input: ReadonlyMap<string, Value>, sorted: boolean) => {
          const entries = [...input];
          if (sorted) entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
          return entries;
        },
      ),
    ],
  }),
];
