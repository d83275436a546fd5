import { join } from 'node:path';
import { loadCorpus } from '../test/fuzz/corpus.ts';
import { planStatement } from '../test/fuzz/plan-statement.ts';

const rounds = 3;

/** Parses, plans and builds every statement of ksqlDB's cases, or of the golden files where those are not there. */
export async function benchPlan(): Promise<void> {
  const corpus = await loadCorpus(join(process.cwd(), '../shared/qtt'));
  const took: number[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const origin of corpus) {
      const started = performance.now();
      try {
        planStatement(origin.text, origin, () => undefined);
      } catch {
        // Some are refused; that takes its time too.
      }
      if (round > 0) took.push(performance.now() - started);
    }
  }
  took.sort((a, b) => a - b);
  const at = (share: number): number => Number(took[Math.floor((took.length - 1) * share)]!.toFixed(2));
  console.log(
    JSON.stringify({ bench: 'plan', statements: corpus.length, p50_ms: at(0.5), p99_ms: at(0.99), max_ms: at(1) }),
  );
}
