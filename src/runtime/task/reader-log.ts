import type { FetchTarget, InputLog, Reading } from '../ports/log.ts';
import type { TopicReader } from '../ports/node.ts';

/** A topic's reader in a query: sources that read the same topic have one each. */
export interface OpenReader {
  readonly topic: string;
  readonly reader: number;
  readonly source: TopicReader;
}

const emptyWaitMs = 20;

/** Topics as a query reads them that nobody keeps: over readers that each begin where they were opened, without commits. */
export class ReaderLog implements InputLog {
  readonly #readers: readonly OpenReader[];

  constructor(readers: readonly OpenReader[]) {
    this.#readers = readers;
  }

  #of(topic: string, reader?: number): TopicReader | undefined {
    return this.#readers.find((each) => each.topic === topic && (reader ?? each.reader) === each.reader)?.source;
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
  /** It comes by `wait`. */
  fetch(): void {
    return undefined;
  }

  /** Gives inputs that are empty what comes, waiting for it; false when nothing did. */
  async wait(inputs: readonly FetchTarget[], waitMs: number): Promise<boolean> {
    const wanted = this.#readers.filter(({ topic, reader }) =>
      inputs.some((input) => input.topic === topic && input.reader === reader && input.isEmpty),
    );
    const isAlone = wanted.length === 1;
    const came = await Promise.all(wanted.map((each) => this.#fill(each, inputs, isAlone ? waitMs : 0)));
    if (came.includes(true)) return true;
    if (!isAlone) await new Promise((resolve) => setTimeout(resolve, emptyWaitMs));
    return false;
  }

  async #fill({ topic, reader, source }: OpenReader, inputs: readonly FetchTarget[], waitMs: number): Promise<boolean> {
    let came = false;
    for (const { partition, batches, next, lease } of await source.fetch(waitMs)) {
      const input = inputs.find(
        (each) => each.topic === topic && each.reader === reader && each.partition === partition,
      );
      input?.add(batches, lease);
      if (input !== undefined && input.fetched < next) input.fetched = next;
      lease?.release();
      came ||= batches.length > 0;
    }
    return came;
  }

  /** Whether everything was fetched that was there when the readers were opened. */
  get caughtUp(): boolean {
    return this.#readers.every(({ source }) => source.caughtUp);
  }
  close(): void {
    for (const { source } of this.#readers) source.close();
  }
}
