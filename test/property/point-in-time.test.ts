import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { HistoryRow } from '../../src/engine/training/history.ts';
import { PointInTimeMatch, type MatchRules } from '../../src/engine/training/match.ts';
import { Random } from '../fuzz/random.ts';
import { runsOf, seedOf } from '../support/scale.ts';

const keys = ['a', 'b', ''];

/** Rows of three entities in the order of their topic; times go back, and clocks that tell when a row was written stand still. */
function historyOf(random: Random, deletes: boolean): HistoryRow[] {
  let [clock, offset] = [0, 0];
  return Array.from({ length: random.below(60) }, (): HistoryRow => {
    clock += random.below(3);
    offset += 1 + random.below(3);
    const isDeleted = deletes && random.below(4) === 0;
    return {
      key: [random.pick(keys)],
      time: random.below(3) === 0 ? clock : random.below(60) - 5,
      windowStart: 0,
      created: clock,
      offset,
      values: isDeleted ? undefined : [offset],
    };
  });
}

/** The row of a time, looked for among all. */
function naive(rows: readonly HistoryRow[], key: string, time: number, rules: MatchRules): number | undefined {
  let best: HistoryRow | undefined;
  for (const row of rows) {
    if (row.key[0] !== key || row.time > time || (rules.asKnown && row.created > time)) continue;
    if (best === undefined || rules.order === 'offset' || row.time >= best.time) best = row;
  }
  const isExpired = best !== undefined && best.time < time - (rules.ttlMs ?? Infinity);
  return isExpired ? undefined : (best?.values?.[0] as number | undefined);
}

test('what is found as of a time is what a look at all rows finds: deletions, rows that were not known yet, expired ones', async () => {
  const random = new Random(seedOf(87));
  for (const order of ['time', 'offset'] as const)
    for (let i = 0; i < runsOf(150); i++) {
      const rules = { order, asKnown: random.below(2) === 0, ttlMs: random.pick([undefined, 5, 20]) };
      const rows = historyOf(random, order === 'offset');
      // Files come first, those of deletions after those of rows.
      const shuffled = [...rows].sort(() => random.below(3) - 1);
      const match = new PointInTimeMatch(
        rules,
        async function* () {
          for (let at = 0; at < shuffled.length; at += 7) yield await Promise.resolve(shuffled.slice(at, at + 7));
        },
        mkdtempSync(join(tmpdir(), 'millrace-match-')),
        random.pick([200, 1 << 20]),
      );
      const asked = Array.from({ length: 80 }, () => [random.pick(keys), random.below(70) - 5] as const);
      for (const [n, [key, time]] of asked.entries()) match.ask(n, [key], time);
      for await (const count of match.read()) expect(count).toBeGreaterThan(0);
      await match.run(() => Promise.resolve());
      const found = new Map([...match.found()].map(([n, values]) => [n, values[0]]));
      expect({ rules, rows, found: asked.map((_, n) => found.get(n)) }).toEqual({
        rules,
        rows,
        found: asked.map(([key, time]) => naive(rows, key, time, rules)),
      });
    }
});
