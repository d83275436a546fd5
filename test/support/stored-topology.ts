import { MemoryBackend } from '../../src/adapters/memory/memory-backend.ts';
import type { PhysicalPlan } from '../../src/plan/physical/step.ts';
import { rowsOf, type Batch } from '../../src/runtime/batch.ts';
import type { Change } from '../../src/runtime/change.ts';
import { ignoreFailures } from '../../src/runtime/failures.ts';
import { noConflation } from '../../src/runtime/run-settings.ts';
import { LocalTopology, type TopologyOptions } from '../../src/runtime/topology.ts';

/** The operators of a plan over a store in memory, stored and opened again where a test wants to, as by commits and restarts. */
export class StoredTopology {
  readonly #backend = new MemoryBackend();
  readonly #open: () => LocalTopology;
  /** The operators that run now. */
  running: LocalTopology;

  constructor(plan: PhysicalPlan, options: Partial<Omit<TopologyOptions, 'backend'>> = {}) {
    const all = {
      statePrefix: 'q',
      partitions: 1,
      settings: noConflation,
      models: undefined,
      failures: ignoreFailures,
      ...options,
      backend: this.#backend,
    };
    this.#open = () => new LocalTopology(plan, all);
    this.running = this.#open();
  }

  store(): void {
    const writes = this.#backend.batch();
    this.running.flush(writes);
    writes.write(false);
  }
  /** The number of entries that are stored. */
  get entries(): number {
    return [...this.#backend.range(Buffer.of(0), Buffer.of(255))].length;
  }
  /** Goes on from what is stored. */
  reopen(): void {
    this.running = this.#open();
  }

  /** Gives a step the changes of events in batches of random sizes, some of them followed by a restart; returns what comes out. */
  feed<E>(
    stepId: string,
    events: readonly E[],
    random: { readonly below: (limit: number) => number },
    changeOf: (event: E, sequence: number) => Change,
  ): Change[] {
    const found: Change[] = [];
    for (let i = 0; i < events.length;) {
      const size = 1 + random.below(20);
      const batch = events
        .slice(i, i + size)
        .map((event, sequence) => ({ stepId, partition: 0, change: changeOf(event, sequence) }));
      found.push(...rowsOf(this.running.process(batch) as Batch));
      i += size;
      if (random.below(3) > 0) continue;
      this.store();
      this.reopen();
    }
    return found;
  }
}
