import { expect, test } from 'vitest';
import { cubeExplode } from '../../src/functions/table/cube-explode.ts';
import type { Value } from '../../src/types/sql-type.ts';
import { Random } from '../fuzz/random.ts';
import { runsOf, seedOf } from '../support/scale.ts';

/** With the first element kept or null, before all that the others give. */
function byRecursion([first, ...others]: readonly Value[]): Value[][] {
  if (first === undefined) return [[]];
  const behind = byRecursion(others);
  return (first === null ? [null] : [null, first]).flatMap((value) => behind.map((rest) => [value, ...rest]));
}

test('a cube has each way to keep or null the elements once, in order', () => {
  const random = new Random(seedOf(2017));
  const explode = cubeExplode.overloads[0]!.bind({ args: [], returns: { kind: 'STRING' }, constants: [] });
  for (let i = 0; i < runsOf(500); i++) {
    const columns = Array.from({ length: random.below(8) }, () => random.pick<Value>([null, 'a', 'b', 0, false, '']));
    expect(explode(columns as never)).toEqual(byRecursion(columns));
  }
});
