import type { FetchTarget, InputLog, Reading } from '../ports/log.ts';
import type { TopicReader } from '../ports/node.ts';

/** What a log asks of the reader of a topic. */
export type LogReader = Omit<TopicReader, 'poll'>;

/** One reader of a topic in a query: sources of the same topic have one each. */
export interface OpenReader {
  readonly topic: string;
  readonly reader: number;
  readonly source: LogReader;
}

/** A fetch in progress. */
interface Fetching {
  /** Whether an input got records. */
  readonly came: Promise<boolean>;
  /** Whether the reader was behind when the fetch began. */
  readonly isBehind: boolean;
}

const fullWaitMs = 20;

/** The log of a transient query: readers from where each was opened, without commits. */
export class ReaderLog implements InputLog {
  readonly #readers: readonly OpenReader[];
  readonly #fetching = new Map<OpenReader, Fetching>();

  constructor(readers: readonly OpenReader[]) {
    this.#readers = readers;
  }

  #of(topic: string, reader?: number): LogReader | undefined {
    return this.#readers.find((opened) => opened.topic === topic && (reader ?? opened.reader) === opened.reader)
      ?.source;
  }
  partitions(topic: string): number {
    return this.#of(topic)?.positions.length ?? 0;
  }
  bound({ topic, partition, reader }: Reading): Promise<number> {
    return Promise.resolve(this.#of(topic, reader)?.positions[partition] ?? 0);
  }
  end({ topic, partition, reader }: FetchTarget): number {
    return this.#of(topic, reader)?.end(partition) ?? 0;
  }
  /** Nothing to do: `wait` fetches. */
  fetch(): void {
    return undefined;
  }

  /**
   * Fetches for empty inputs and waits for the first reader that answers; false if it had nothing. The other fetches continue.
   */
  async wait(inputs: readonly FetchTarget[], waitMs: number): Promise<boolean> {
    const wanted = this.#readers.filter(({ topic, reader }) =>
      inputs.some((input) => input.topic === topic && input.reader === reader && input.isEmpty),
    );
    if (wanted.length > 0) return Promise.race(wanted.map((reader) => this.#fetch(reader, inputs, waitMs)));
    await new Promise((resolve) => setTimeout(resolve, fullWaitMs));
    return false;
  }

  #fetch(reader: OpenReader, inputs: readonly FetchTarget[], waitMs: number): Promise<boolean> {
    const known = this.#fetching.get(reader);
    if (known !== undefined) return known.came;
    const isBehind = !reader.source.caughtUp;
    const came = this.#fill(reader, inputs, waitMs).finally(() => this.#fetching.delete(reader));
    // A failure that nobody waits for occurs again at the next fetch.
    came.catch(() => undefined);
    this.#fetching.set(reader, { came, isBehind });
    return came;
  }

  async #fill({ topic, reader, source }: OpenReader, inputs: readonly FetchTarget[], waitMs: number): Promise<boolean> {
    let came = false;
    for (const { partition, batches, next, lease } of await source.fetch(waitMs)) {
      const input = inputs.find(
        (input) => input.topic === topic && input.reader === reader && input.partition === partition,
      );
      input?.add(batches, lease);
      if (input !== undefined && input.fetched < next) input.fetched = next;
      lease?.release();
      came ||= batches.length > 0;
    }
    return came;
  }

  /** Whether the inputs have everything that the topics had when the readers were opened. */
  get caughtUp(): boolean {
    return this.#readers.every((reader) => reader.source.caughtUp && this.#fetching.get(reader)?.isBehind !== true);
  }
  close(): void {
    for (const { source } of this.#readers) source.close();
  }
}
