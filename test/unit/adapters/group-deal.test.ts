import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deal, dealStandbys } from '../../../src/adapters/kafka/query-group.ts';

const numbersOf = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const member = fc.record({ previous: fc.uniqueArray(fc.nat(11)), standbys: fc.uniqueArray(fc.nat(11)) });
const group = fc.record({
  count: fc.nat(12),
  replicas: fc.nat(3),
  members: fc
    .array(member, { minLength: 1, maxLength: 5 })
    .map((list) => list.map((data, i) => ({ memberId: `m${i}`, ...data }))),
});

test('every number has one owner and as many standbys elsewhere as there can be, in equal shares', () => {
  fc.assert(
    fc.property(group, ({ count, replicas, members }) => {
      const numbers = numbersOf(count);
      const owned = deal(numbers, members);
      const standbys = dealStandbys(numbers, members, owned, replicas);
      expect([...owned.values()].flat().sort((a, b) => a - b)).toEqual(numbers);
      const copies = Math.min(replicas, members.length - 1);
      for (const n of numbers) {
        const keeping = members.filter(({ memberId }) => standbys.get(memberId)!.includes(n));
        expect(keeping).toHaveLength(copies);
        expect(keeping.some(({ memberId }) => owned.get(memberId)!.includes(n))).toBe(false);
      }
      const most = Math.max(...[...owned.values()].map(({ length }) => length));
      expect(most).toBeLessThanOrEqual(Math.ceil(count / members.length));
      for (const kept of standbys.values()) expect(new Set(kept).size).toBe(kept.length);
    }),
  );
});

test('what a member ran or kept stays with it while the group does not change, and a dead one is followed by who kept its state', () => {
  fc.assert(
    fc.property(group, ({ count, replicas, members }) => {
      const numbers = numbersOf(count);
      const owned = deal(numbers, members);
      const standbys = dealStandbys(numbers, members, owned, replicas);
      const next = members.map(({ memberId }) => ({
        memberId,
        previous: owned.get(memberId)!,
        standbys: standbys.get(memberId)!,
      }));
      expect(deal(numbers, next)).toEqual(owned);
      const [dead, ...left] = next;
      if (left.length === 0 || replicas < members.length - 1) return;
      // Everybody keeps everything: whoever takes a number over has its state.
      for (const [memberId, mine] of deal(numbers, left)) {
        const { previous, standbys: kept } = left.find((other) => other.memberId === memberId)!;
        expect(mine.filter((n) => !previous.includes(n) && !kept.includes(n))).toEqual([]);
        for (const n of dead!.previous.filter((number) => mine.includes(number))) expect(kept).toContain(n);
      }
    }),
  );
});
