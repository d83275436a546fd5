import { readBatchInfo } from '../../records/batch.ts';
import type { FetchTarget } from '../../runtime/ports/log.ts';
import type { Fetched, FetchWant } from './responses.ts';
import type { Wire } from './wire.ts';

const fetchBytes = 8 << 20;
/** An input with more than this at hand is left out of the next fetch. */
const enoughBytes = 2 << 20;
/** How long the broker may hold a fetch that has nothing to give; short while some input was left out, which will want more soon. */
const fetchWaitMs = { all: 100, some: 5 };
const retryMs = 100;

/** Fetches for all tasks of a thread: one request a broker for every input that has not enough at hand. */
export class Fetcher {
  readonly #wire: Wire;
  /** Why the last fetch failed, while it does. */
  error: string | undefined;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  async fetch(all: readonly FetchTarget[]): Promise<void> {
    const inputs = all.filter(({ buffered }) => buffered < enoughBytes);
    if (inputs.length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return;
    }
    // Several tasks may read one partition: it is fetched once, from where the last of them is.
    const wants = new Map<string, FetchWant>();
    for (const { topic, partition, fetched } of inputs) {
      const name = `${topic}/${partition}`;
      wants.set(name, { topic, partition, offset: Math.min(fetched, wants.get(name)?.offset ?? Infinity) });
    }
    try {
      const wait = inputs.length < all.length ? fetchWaitMs.some : fetchWaitMs.all;
      const results = await this.#wire.fetch([...wants.values()], wait, fetchBytes);
      this.error = undefined;
      for (const result of results) await this.#give(result, inputs);
    } catch (error) {
      this.error = (error as Error).message;
      // A broker that is gone comes back, or its partitions get another leader: the next fetch asks anew.
      await this.#wire.watch([...new Set(inputs.map(({ topic }) => topic))]).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }

  async #give(
    { topic, partition, batches, next, highWatermark, outOfRange, lease }: Fetched,
    inputs: readonly FetchTarget[],
  ): Promise<void> {
    const first = outOfRange ? ((await this.#wire.listOffsets(topic, [partition], -2)).get(partition) ?? 0) : 0;
    for (const input of inputs) {
      if (input.topic !== topic || input.partition !== partition) continue;
      input.knownEnd = highWatermark;
      if (outOfRange) {
        input.skipTo(first);
        continue;
      }
      const { fetched } = input;
      input.add(
        batches.filter((batch) => readBatchInfo(batch, 0, batch.length)!.lastOffset >= fetched),
        lease,
      );
      input.fetched = Math.max(input.fetched, next);
    }
    lease.release();
  }
}
