import { expect, test } from 'vitest';
import type { Aggregator } from '../../../src/functions/define.ts';
import { findAggregate } from '../../../src/functions/registry.ts';
import type { Value } from '../../../src/types/sql-type.ts';

const ksqldb = (name: string, ofTable: boolean): Aggregator => {
  const { params, create } = findAggregate(name)!.overloads.at(name === 'SUM' ? 2 : -1)!;
  return create({ args: params.map(() => ({ kind: 'DOUBLE' })), returns: { kind: 'DOUBLE' }, constants: [], ofTable });
};
const rows: readonly (readonly [Value, readonly Value[]])[] = [
  [0.5, [2]],
  [2.25, [8]],
  [-4, [1]],
];
const listed = (name: string): typeof rows =>
  name === 'SUM_LIST' ? rows.map(([value, rest]) => [[value, ...rest], []] as const) : rows;

test.each(['SUM', 'AVG', 'STDDEV_SAMP', 'STDDEV_SAMPLE', 'CORRELATION', 'SUM_LIST'])(
  '%s over a table goes on from the plain sums that were stored before, and gives what a stream does',
  (name) => {
    const [plain, exact] = [ksqldb(name, false), ksqldb(name, true)];
    let [stored, state] = [plain.init(), exact.init()];
    for (const [value, rest] of listed(name)) {
      stored = plain.add(stored as never, value, rest);
      state = exact.add(state as never, value, rest);
    }
    const close = (actual: Value, expected: Value): void => expect(actual).toBeCloseTo(expected as number, 12);
    close(exact.result(state as never, 0), plain.result(stored as never, 0));
    // The state of a former version, as it was read.
    close(exact.result(stored as never, 0), plain.result(stored as never, 0));
    const [[value, rest]] = listed(name) as [(typeof rows)[number]];
    const adopted = exact.undo!(structuredClone(stored) as never, value, rest);
    close(exact.result(adopted as never, 0), exact.result(exact.undo!(state as never, value, rest) as never, 0));
    close(exact.result(adopted as never, 0), plain.result(plain.undo!(stored as never, value, rest) as never, 0));
  },
);

test('of nothing it is what ksqlDB has', () => {
  const of = (name: string): Value => {
    const aggregator = ksqldb(name, true);
    return aggregator.result(aggregator.init() as never, 0);
  };
  expect(['SUM', 'AVG', 'STDDEV_SAMP', 'SUM_LIST', 'CORRELATION'].map(of)).toEqual([0, 0, 0, 0, NaN]);
});
