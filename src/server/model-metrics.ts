import {
  circuitStates,
  secondsBounds,
  sizeBounds,
  type Buckets,
  type VersionStats,
} from '../runtime/ports/scoring-stats.ts';

const escape = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
const labels = (pairs: Readonly<Record<string, string | number>>): string =>
  `{${Object.entries(pairs)
    .map(([name, value]) => `${name}="${escape(String(value))}"`)
    .join(',')}}`;

type Labels = Readonly<Record<string, string | number>>;
type Line = readonly [labels: Labels, value: number];

/** Of the bounds that are counted by, those that Prometheus is told. */
const toldSeconds = new Set(secondsBounds.filter((bound) => /^(1|2\.5|5)(e|$)/.test(bound.toExponential())));

function histogram(own: Labels, { counts, sum }: Buckets, bounds: readonly number[]): string[] {
  let below = 0;
  const lines: string[] = [];
  for (const [i, count] of counts.entries()) {
    below += count;
    const bound = bounds[i];
    if (bound === undefined) lines.push(`_bucket${labels({ ...own, le: '+Inf' })} ${below}`);
    else if (bounds !== secondsBounds || toldSeconds.has(bound))
      lines.push(`_bucket${labels({ ...own, le: bound })} ${below}`);
  }
  return [...lines, `_sum${labels(own)} ${sum}`, `_count${labels(own)} ${below}`];
}

function metric(name: string, type: string, help: string, lines: readonly string[]): string[] {
  return lines.length === 0
    ? []
    : [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines.map((line) => name + line)];
}

/** The figures of models in Prometheus' text form; they are counted by threads that have no registry. */
export function modelMetrics(stats: readonly VersionStats[]): string {
  const all = stats.filter(({ isShadow }) => isShadow !== true);
  const by = (each: (stats: VersionStats, own: Labels) => readonly Line[]): string[] =>
    all.flatMap((stats) =>
      each(stats, { model: stats.model, version: stats.version }).map(([pairs, value]) => `${labels(pairs)} ${value}`),
    );
  const outcomes = (counts: Readonly<Record<string, number>>, own: Labels): Line[] =>
    Object.entries(counts).map(([outcome, count]) => [{ ...own, outcome }, count]);
  const histograms = (pick: (stats: VersionStats) => Buckets, bounds: readonly number[]): string[] =>
    all.flatMap((stats) => histogram({ model: stats.model, version: stats.version }, pick(stats), bounds));
  const lines = [
    ...metric(
      'model_inference_requests_total',
      'counter',
      'Calls of a version of a model, by outcome',
      by(({ calls }, own) => outcomes(calls, own)),
    ),
    ...metric(
      'model_inference_rows_total',
      'counter',
      'Rows for a version of a model, by what became of them',
      by(({ rows }, own) => outcomes(rows, own)),
    ),
    ...metric(
      'model_inference_latency_seconds',
      'histogram',
      'How long calls took',
      histograms(({ seconds }) => seconds, secondsBounds),
    ),
    ...metric(
      'model_batch_size',
      'histogram',
      'Rows of a call',
      histograms(({ sizes }) => sizes, sizeBounds),
    ),
    ...metric(
      'model_in_flight',
      'gauge',
      'Calls that run',
      by(({ inFlight }, own) => [[own, inFlight]]),
    ),
    ...metric(
      'model_circuit_state',
      'gauge',
      'Whether a version is called: 0 it is, 1 by a few calls to see whether it works, 2 it is not',
      by(({ circuit }, own) => (circuit === undefined ? [] : [[own, circuitStates.indexOf(circuit)]])),
    ),
    ...metric(
      'model_default_used_total',
      'counter',
      'Rows that have the outputs of DEFAULT_VALUE',
      by(({ defaults }, own) => [[own, defaults]]),
    ),
  ];
  const shadows = stats.filter(({ isShadow }) => isShadow === true);
  lines.push(
    ...metric(
      'model_shadow_rows_total',
      'counter',
      'Rows for a shadow of a model, by what became of them',
      shadows.flatMap(({ model, version, rows }) =>
        outcomes(rows, { model, version }).map(([pairs, value]) => `${labels(pairs)} ${value}`),
      ),
    ),
  );
  return lines.map((line) => `${line}\n`).join('');
}
