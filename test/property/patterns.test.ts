import { expect, test } from 'vitest';
import { decodeValue, encodeValue } from '../../src/runtime/codec.ts';
import { emptyPartition, takeRow, type PartitionState, type Search } from '../../src/runtime/match/matcher.ts';
import { seenRows, type NavigationSpec, type PatternSpec } from '../../src/specs/pattern.ts';
import { Program } from '../../src/specs/pattern-program.ts';
import { Random } from '../fuzz/random.ts';
import { byBacktracking, matchText, randomTrial, type Trial } from '../support/pattern-oracle.ts';
import { runsOf, seedOf } from '../support/scale.ts';

/** Row by row, the state being stored and read again here and there. */
function byRow(trial: Trial, random: Random): { readonly found: string[]; readonly rows: number } {
  const { pattern, conditions, isLocal, skip, withinMs, values, times } = trial;
  const search: Search = {
    program: new Program(pattern),
    isLocal,
    seen: seenRows(conditions),
    skip,
    withinMs,
    lookBack: 0,
    onOverflow: () => undefined,
    holds: (candidate) => {
      const { partition, taken } = candidate;
      const valueOf = (row: number): number => partition[1][row - partition[0]]![0] as number;
      return conditions[taken.charCodeAt(taken.length - 1) - 1]!.holds(candidate, valueOf);
    },
  };
  const found: string[] = [];
  let partition = emptyPartition();
  let rows = 0;
  values.forEach((value, i) => {
    takeRow(partition, [value], times[i]!, search, ({ start, taken }) => found.push(matchText(start, taken)));
    rows = Math.max(rows, partition[1].length);
    if (random.below(10) === 0) partition = decodeValue(encodeValue(partition)) as PartitionState;
  });
  return { found, rows };
}

test('matches are those of a search with backtracking over all rows, given as soon as no row to come can change them', () => {
  const random = new Random(seedOf(70));
  let matches = 0;
  for (let run = 0; run < runsOf(4000); run++) {
    const trial = randomTrial(random);
    const { found } = byRow(trial, random);
    const wanted = byBacktracking(trial);
    matches += wanted.length;
    expect(found, JSON.stringify({ run, ...trial })).toEqual(wanted);
  }
  console.log(`${matches} matches compared`);
}, 600_000);

/** Views, carts in between, and a purchase; each condition is of the value of the row that is looked at, and what it says besides. */
const variables = { viewed: 0, between: 1, carted: 2, bought: 3 };
const row = (variable: number): PatternSpec => ({ kind: 'variable', variable });
const some = (variable: number, reluctant: boolean): PatternSpec => ({
  kind: 'repeat',
  part: row(variable),
  least: 0,
  most: undefined,
  reluctant,
});

test.each([true, false])(
  'attempts that no condition tells apart are one, however many rows lie between (reluctant %s)',
  (reluctant) => {
    const { viewed, between, carted, bought } = variables;
    const pattern: PatternSpec = {
      kind: 'sequence',
      parts: [row(viewed), some(between, reluctant), row(carted), some(between, reluctant), row(bought)],
    };
    const sameItem: readonly NavigationSpec<undefined>[] = [
      { kind: 'row', from: 'last', variables: [viewed], offset: 0, before: 0, expr: undefined },
    ];
    const overflows: number[] = [];
    const partition = emptyPartition();
    const search: Search = {
      program: new Program(pattern),
      isLocal: false,
      seen: seenRows([undefined, undefined, { navigations: sameItem }, { navigations: sameItem }]),
      skip: { to: 'past' },
      withinMs: undefined,
      lookBack: 0,
      onOverflow: () => overflows.push(1),
      holds: ({ partition: [first, rows], start, taken }) => {
        const variable = taken.charCodeAt(taken.length - 1) - 1;
        const [step, item] = rows[start + taken.length - 1 - first] as [number, string];
        if (variable === between) return true;
        return step === variable && (variable === viewed || item === rows[start - first]![1]);
      },
    };
    const found: string[] = [];
    let most = 0;
    const take = (step: number, item: string): void => {
      takeRow(partition, [step, item], 0, search, ({ start, taken }) => found.push(`${start} ${taken.length}`));
      most = Math.max(most, partition[3].length);
    };
    take(viewed, 'tea');
    for (let i = 0; i < 300; i++) take(carted, i % 3 === 0 ? 'milk' : 'tea');
    expect(overflows).toEqual([]);
    expect(most).toBeLessThan(10);
    take(bought, 'tea');
    // With greedy repetitions a row to come can still be a purchase.
    expect(found).toEqual(reluctant ? ['0 302'] : []);
    expect(most).toBeLessThan(10);
  },
);
