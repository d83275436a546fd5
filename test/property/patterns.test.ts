import { expect, test } from 'vitest';
import { decodeValue, encodeValue } from '../../src/runtime/codec.ts';
import { emptyPartition, takeRow, type PartitionState, type Search } from '../../src/runtime/match/matcher.ts';
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
