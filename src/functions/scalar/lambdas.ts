import { EvaluationError } from '../../types/numbers.ts';
import type { Value } from '../../types/sql-type.ts';
import { overload, scalar } from '../define.ts';

type Lambda = (...args: Value[]) => Value;
type Entries = ReadonlyMap<Value, Value>;

function kept(result: Value): boolean {
  if (result === null) throw new EvaluationError('the lambda of FILTER returned null');
  return result as boolean;
}

export const filter = scalar({
  name: 'FILTER',
  doc: 'The elements for which a lambda is true.',
  category: 'LAMBDA',
  overloads: [
    overload('items ARRAY<T>, condition (T) => BOOLEAN', 'ARRAY<T>', (items: readonly Value[], condition: Lambda) =>
      items.filter((item) => kept(condition(item))),
    ),
    overload(
      'input MAP<K, V>, condition (K, V) => BOOLEAN',
      'MAP<K, V>',
      (input: Entries, condition: Lambda) => new Map([...input].filter(([key, value]) => kept(condition(key, value)))),
    ),
  ],
});

export const transform = scalar({
  name: 'TRANSFORM',
  doc: 'Each element, or each key and value, replaced by what a lambda makes of it.',
  category: 'LAMBDA',
  overloads: [
    overload('items ARRAY<T>, function (T) => R', 'ARRAY<R>', (items: readonly Value[], change: Lambda) =>
      items.map((item) => change(item)),
    ),
    overload(
      'input MAP<K, V>, key (K, V) => R, value (K, V) => S',
      'MAP<R, S>',
      (input: Entries, key: Lambda, value: Lambda) => {
        const result = new Map<Value, Value>();
        for (const [k, v] of input) {
          const newKey = key(k, v);
          const newValue = value(k, v);
          if (result.has(newKey) || newValue === null)
            throw new EvaluationError('TRANSFORM gave a key twice or a null value');
          result.set(newKey, newValue);
        }
        return result;
      },
    ),
  ],
});

export const reduce = scalar({
  name: 'REDUCE',
  doc: 'One value from all elements: a lambda takes the state so far and an element.',
  category: 'LAMBDA',
  overloads: [
    overload(
      'items ARRAY<T>, initial S, function (S, T) => S',
      'S',
      (items: readonly Value[] | null, initial: Value, step: Lambda) =>
        initial === null ? null : (items ?? []).reduce((state, item) => step(state, item), initial),
      { acceptsNull: true },
    ),
    overload(
      'input MAP<K, V>, initial S, function (S, K, V) => S',
      'S',
      (input: Entries | null, initial: Value, step: Lambda) =>
        initial === null
          ? null
          : [...(input ?? [])].reduce<Value>((state, [key, value]) => step(state, key, value), initial),
      { acceptsNull: true },
    ),
  ],
});
