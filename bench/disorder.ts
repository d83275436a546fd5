import { runBench } from './runs.ts';

const rounds = 3;
const shares = ['0', '0.01'];

/**
 * Compares the cost of velocity on the record path with 1 % late events (by up to ten minutes) to the cost without: medians of
 * alternating runs.
 */
export function benchDisorder({ events, users }: { readonly events: string; readonly users: string }): Promise<void> {
  const costs = shares.map((): number[] => []);
  for (let round = 0; round < rounds; round++)
    for (const [i, late] of shares.entries()) {
      const args = ['--workload', 'velocity', '--events', events, '--users', users, '--late', late];
      costs[i]!.push(Number(runBench('path', args)['cpu_ns_per_event']));
    }
  const [ordered, disordered] = costs.map((list) => list.sort((a, b) => a - b)[rounds >> 1]!);
  console.log(
    JSON.stringify({
      bench: 'disorder',
      events: Number(events),
      users: Number(users),
      ordered_cpu_ns_per_event: ordered,
      disordered_cpu_ns_per_event: disordered,
      ratio: Number((disordered! / ordered!).toFixed(2)),
    }),
  );
  return Promise.resolve();
}
