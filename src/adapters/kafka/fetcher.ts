import { readBatchInfo } from '../../records/batch.ts';
import type { FetchTarget } from '../../runtime/ports/log.ts';
import type { Fetched, FetchWant } from './responses.ts';
import type { Wire } from './wire.ts';

const fetchBytes = 8 << 20;
/** Inputs with more buffered bytes than this are left out of the next fetch. */
const enoughBytes = 2 << 20;
/**
 * How long the broker may hold a fetch without data, in ms; it answers as soon as there is a record. Short if inputs were left out,
 * because they will need data soon, and for inputs that are fetched beside the others.
 */
const fetchWaitMs = { all: 500, some: 5, new: 50 };
const retryMs = 100;

/** Fetches for all tasks of a thread: one request per broker for every input that needs data. */
export class Fetcher {
  readonly #wire: Wire;
  /** Why the last fetch failed; undefined after one that succeeded. */
  error: string | undefined;
  /** Why the broker gives nothing of a partition: it is deleted, or must not be read. */
  readonly #troubles = new Map<string, string>();

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  fetch(all: readonly FetchTarget[]): Promise<void> {
    return this.#fetch(all, false);
  }
  /** Beside a fetch of other inputs, over connections of its own. */
  fetchNew(all: readonly FetchTarget[]): Promise<void> {
    return this.#fetch(all, true);
  }

  async #fetch(all: readonly FetchTarget[], isBeside: boolean): Promise<void> {
    const inputs = all.filter(({ buffered }) => buffered < enoughBytes);
    if (inputs.length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return;
    }
    // A partition that several tasks read is fetched once, from the lowest position.
    const wants = new Map<string, FetchWant>();
    for (const { topic, partition, fetched } of inputs) {
      const name = `${topic}/${partition}`;
      wants.set(name, { topic, partition, offset: Math.min(fetched, wants.get(name)?.offset ?? Infinity) });
    }
    try {
      const wait = inputs.length < all.length ? fetchWaitMs.some : isBeside ? fetchWaitMs.new : fetchWaitMs.all;
      const results = await this.#wire.fetch([...wants.values()], wait, fetchBytes, isBeside);
      this.error = undefined;
      if (isBeside) for (const name of wants.keys()) this.#troubles.delete(name);
      else this.#troubles.clear();
      for (const result of results)
        if (result.trouble === undefined) await this.#give(result, inputs);
        else this.#troubles.set(`${result.topic}/${result.partition}`, result.trouble);
      // Otherwise the answers of an inaccessible partition, which come at once, would follow each other without a pause.
      if (this.#troubles.size > 0) await new Promise((resolve) => setTimeout(resolve, retryMs));
    } catch (error) {
      this.error = (error as Error).message;
      // The broker may be down or its partitions have another leader: metadata is read again before the next fetch.
      await this.#wire.watch([...new Set(inputs.map(({ topic }) => topic))]).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }

  /** Why the first of these inputs that cannot be read cannot. */
  troubleOf(inputs: readonly FetchTarget[]): string | undefined {
    if (this.#troubles.size === 0) return undefined;
    for (const { topic, partition } of inputs) {
      const trouble = this.#troubles.get(`${topic}/${partition}`);
      if (trouble !== undefined) return trouble;
    }
    return undefined;
  }

  async #give(
    { topic, partition, batches, next, highWatermark, outOfRange, lease }: Fetched,
    inputs: readonly FetchTarget[],
  ): Promise<void> {
    const bound = async (which: -1 | -2): Promise<number> =>
      (await this.#wire.listOffsets(topic, [partition], which)).get(partition) ?? 0;
    const [first, end] = outOfRange ? await Promise.all([bound(-2), bound(-1)]) : [0, 0];
    for (const input of inputs) {
      if (input.topic !== topic || input.partition !== partition) continue;
      input.knownEnd = highWatermark;
      if (outOfRange) {
        if (input.fetched < first) input.skipTo(first);
        else if (input.fetched > end) input.beginAgain(first);
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
