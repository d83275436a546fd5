import { expect, test } from 'vitest';
import { Random } from '../fuzz/random.ts';
import type { RouteTarget, SlotRange } from '../../src/types/model.ts';
import { shadowSlotOf, slotCount, slotOf, slotsFor, versionOfSlot } from '../../src/types/model-route.ts';
import { runsOf, seedOf } from '../support/scale.ts';

test('slots are those of the GrowthBook SDK', () => {
  const slots = ['u_1', 'u_2', 'u_12345', '1001'].map((key) => slotOf('fraud_ab', key));
  expect(slots).toEqual([664, 8621, 2941, 6852]);
});

test('routes take and give slots as the reference does', () => {
  const range = (version: number, from: number, to: number): SlotRange => ({ version, from, to });
  const first = slotsFor([], [target(1, 90), target(2, 10)]);
  expect(first).toEqual([range(1, 0, 9000), range(2, 9000, 10000)]);
  expect(slotsFor(first, [target(1, 80), target(2, 20)])).toEqual([range(1, 0, 8000), range(2, 8000, 10000)]);
  const three = slotsFor([], [target(1, 80), target(2, 10), target(3, 10)]);
  expect(slotsFor(three, [target(1, 70), target(2, 10), target(3, 20)])).toEqual([
    range(1, 0, 7000),
    range(3, 7000, 8000),
    range(2, 8000, 9000),
    range(3, 9000, 10000),
  ]);
});

test('keys spread by weight, and another seed or the shadow spreads them independently', () => {
  const count = 100_000;
  let [first, both, shadowed] = [0, 0, 0];
  for (let key = 0; key < count; key++) {
    const text = `user-${key}`;
    if (slotOf('fraud_ab', text) >= 1000) continue;
    first++;
    if (slotOf('other', text) < 5000) both++;
    if (shadowSlotOf('fraud_ab', text) < 5000) shadowed++;
  }
  expect(first / count).toBeCloseTo(0.1, 2);
  expect(both / first).toBeCloseTo(0.5, 1);
  expect(shadowed / first).toBeCloseTo(0.5, 1);
});

/** Random weights of random versions, which add up; some are zero. */
function targetsFrom(random: Random): RouteTarget[] {
  const versions = Array.from({ length: 6 }, (_, i) => i + 1).sort(() => random.next() - 0.5);
  const chosen = versions.slice(0, 1 + random.below(5));
  const cuts = [0, ...chosen.slice(1).map(() => random.below(slotCount + 1)), slotCount].sort((a, b) => a - b);
  return chosen.map((version, i) => ({ version, slots: cuts[i + 1]! - cuts[i]! }));
}
const sizesOf = (ranges: readonly SlotRange[]): Map<number, number> => {
  const sizes = new Map<number, number>();
  for (const { version, from, to } of ranges) sizes.set(version, (sizes.get(version) ?? 0) + to - from);
  return sizes;
};

test('new weights move no more slots than they must, and every slot has the one version that its range says', () => {
  const random = new Random(seedOf(19));
  const runs = runsOf(40);
  for (let trial = 0; trial < runs; trial++) {
    let ranges = slotsFor([], targetsFrom(random));
    for (let step = 0; step < 5; step++) {
      const targets = targetsFrom(random);
      const next = slotsFor(ranges, targets);
      const [before, after] = [sizesOf(ranges), sizesOf(next)];
      let [moved, least] = [0, 0];
      for (let slot = 0; slot < slotCount; slot++)
        if (versionOfSlot(ranges, slot) !== versionOfSlot(next, slot)) moved++;
      for (const { version, slots } of targets) {
        expect(after.get(version) ?? 0).toBe(slots);
        least += Math.max(0, slots - (before.get(version) ?? 0));
      }
      expect(moved).toBe(least);
      expect(next[0]!.from).toBe(0);
      expect(next.at(-1)!.to).toBe(slotCount);
      next.forEach((range, i) => expect(range.from).toBe(i === 0 ? 0 : next[i - 1]!.to));
      ranges = next;
    }
  }
});

test('a ramp keeps every key of the version that grows', () => {
  let ranges = slotsFor([], [target(1, 95), target(2, 5)]);
  for (const share of [10, 25, 50, 100]) {
    const next = slotsFor(ranges, [target(1, 100 - share), target(2, share)]);
    for (let slot = 0; slot < slotCount; slot++)
      if (versionOfSlot(ranges, slot) === 2) expect(versionOfSlot(next, slot)).toBe(2);
    ranges = next;
  }
});
const target = (version: number, percent: number): RouteTarget => ({ version, slots: percent * 100 });
