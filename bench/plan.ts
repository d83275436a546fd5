import { join } from 'node:path';
import { loadCorpus } from '../test/fuzz/corpus.ts';
import { planStatement } from '../test/fuzz/plan-statement.ts';

const rounds = 3;

/** Time to parse, plan and build each statement of ksqlDB's cases, or of the golden files if those are not there. */
export async function benchPlan(): Promise<void> {
  const corpus = await loadCorpus(join(process.cwd(), '../shared/qtt'));
  const durations: number[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const origin of corpus) {
      const started = performance.now();
      try {
        planStatement(origin.text, origin, () => undefined);
      } catch {
        // Refused statements count too.
      }
      if (round > 0) durations.push(performance.now() - started);
    }
  }
  durations.sort((a, b) => a - b);
  const at = (share: number): number => Number(durations[Math.floor((durations.length - 1) * share)]!.toFixed(2));
  console.log(
    JSON.stringify({ bench: 'plan', statements: corpus.length, p50_ms: at(0.5), p99_ms: at(0.99), max_ms: at(1) }),
  );
}
