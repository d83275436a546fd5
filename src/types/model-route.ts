import type { ModelRoute, RouteTarget, SlotRange } from './model.ts';

/** Into so many slots the keys of a route fall; a weight's hundredth of a percent is one of them. */
export const slotCount = 10_000;

function fnv1a32(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}

/** The slot of a key: GrowthBook's hash, version 2, so that its SDKs choose alike. It runs over UTF-16 code units. */
export const slotOf = (seed: string, key: string): number => fnv1a32(String(fnv1a32(seed + key))) % slotCount;

/** The slots that shadows sample by, which must not follow those of the route. */
export const shadowSlotOf = (seed: string, key: string): number => slotOf(`${seed}#shadow`, key);

/** The version of a slot; `ranges` are sorted and cover all slots. */
export function versionOfSlot(ranges: readonly SlotRange[], slot: number): number {
  let version = ranges[0]!.version;
  for (const range of ranges) {
    if (range.from > slot) break;
    version = range.version;
  }
  return version;
}

/**
 * The slots of new weights with the fewest moves: a version keeps its first slots, one that shrinks releases its last ones, and one
 * that grows takes released slots. `targets` have all of the slots among them.
 */
export function slotsFor(before: readonly SlotRange[], targets: readonly RouteTarget[]): readonly SlotRange[] {
  const wanted = new Map(targets.map(({ version, slots }) => [version, slots]));
  const kept: SlotRange[] = [];
  const free: { from: number; readonly to: number }[] = before.length === 0 ? [{ from: 0, to: slotCount }] : [];
  for (const { version, from, to } of before) {
    const taken = Math.min(to - from, wanted.get(version) ?? 0);
    if (taken > 0) {
      kept.push({ version, from, to: from + taken });
      wanted.set(version, wanted.get(version)! - taken);
    }
    if (from + taken < to) free.push({ from: from + taken, to });
  }
  for (const [version, slots] of wanted) {
    for (let open = slots; open > 0;) {
      const first = free[0]!;
      const taken = Math.min(open, first.to - first.from);
      kept.push({ version, from: first.from, to: first.from + taken });
      first.from += taken;
      open -= taken;
      if (first.from === first.to) free.shift();
    }
  }
  return joined(kept.toSorted((a, b) => a.from - b.from));
}

function joined(ranges: readonly SlotRange[]): SlotRange[] {
  const result: SlotRange[] = [];
  for (const range of ranges) {
    const last = result.at(-1);
    if (last?.version === range.version && last.to === range.from)
      result[result.length - 1] = { ...last, to: range.to };
    else result.push(range);
  }
  return result;
}

/** The version that a row goes to: by its key, or undefined for the default version when the key is null. */
export const versionOfKey = ({ seed, slots }: ModelRoute, key: string | null): number | undefined =>
  key === null ? undefined : versionOfSlot(slots, slotOf(seed, key));
