import { quantile, secondsBounds, type VersionStats } from '../runtime/ports/scoring-stats.ts';
import type { ModelObject } from '../types/model.ts';

/** A model's route as statements show it: weights in percent, and the slots of each version; null without a route. */
export function routeInfo({ route }: ModelObject): unknown {
  if (route === undefined) return null;
  const { seed, targets, slots, shadows = [] } = route;
  return {
    seed,
    targets: targets.map(({ version, slots: own }) => ({
      version,
      weight: own / 100,
      slots: slots.filter((range) => range.version === version).map(({ from, to }) => [from, to]),
    })),
    shadows: shadows.map(({ version, slots: own }) => ({ version, sample: own / 100 })),
  };
}

const sumOf = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

/** What is told of the rows that a version has scored. */
function figures({ rows, seconds, calls }: VersionStats): Record<string, unknown> {
  const { ok: _ok, null_input: nullInputs = 0, dropped: _dropped, ...failed } = rows;
  const milliseconds = (part: number): number | null => {
    const bound = quantile(seconds, secondsBounds, part);
    return bound === undefined ? null : Number((bound * 1000).toPrecision(3));
  };
  return {
    rows: sumOf(rows),
    errors: sumOf(failed),
    errorsByClass: failed,
    nullInputs,
    calls: sumOf(calls),
    latencyMs: { p50: milliseconds(0.5), p95: milliseconds(0.95), p99: milliseconds(0.99) },
  };
}

/** The traffic, latency and errors of each version on this node since its start, by version. */
export function trafficOf(
  { name, versions }: ModelObject,
  stats: readonly VersionStats[],
): Map<number, Readonly<Record<'traffic' | 'shadow', unknown>>> {
  const own = stats.filter(({ model }) => model === name);
  const routed = own.filter(({ isShadow }) => isShadow !== true);
  const all = routed.reduce((sum, { rows }) => sum + sumOf(rows), 0);
  return new Map(
    versions.map(({ version }) => {
      const found = routed.find((each) => each.version === version);
      const shadow = own.find((each) => each.version === version && each.isShadow === true);
      const traffic =
        found === undefined
          ? { rows: 0, share: all === 0 ? null : 0, errors: 0 }
          : { ...figures(found), share: all === 0 ? null : sumOf(found.rows) / all, defaultsUsed: found.defaults };
      return [
        version,
        { traffic, shadow: shadow === undefined ? null : { ...figures(shadow), dropped: shadow.rows['dropped'] ?? 0 } },
      ];
    }),
  );
}
