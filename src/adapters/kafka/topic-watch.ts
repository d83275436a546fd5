import type { TopicInfo } from '../../runtime/ports/node.ts';
import type { RunningQuery } from './running-query.ts';

const everyMs = 2000;

export interface TopicWatchOptions {
  readonly list: (names: readonly string[]) => Promise<readonly TopicInfo[]>;
  readonly queries: () => Iterable<RunningQuery>;
  /** A topic that only stateless work reads has more partitions: they are read too. */
  readonly onMore: (running: RunningQuery) => void;
  /** A topic whose rows went into state has more partitions. */
  readonly onBlocked: (running: RunningQuery, why: string) => void;
}

/**
 * Sees that a query's source has more partitions than before. Stateless work goes on with all of them. Where state was made of the
 * rows, keys are in other partitions now, apart from their state: the query stands, as it does in Kafka Streams.
 */
export class TopicWatch {
  readonly #options: TopicWatchOptions;
  readonly #timer: NodeJS.Timeout;
  #isBusy = false;

  constructor(options: TopicWatchOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#look(), everyMs);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    const queries = [...this.#options.queries()];
    if (this.#isBusy || queries.length === 0) return;
    this.#isBusy = true;
    // A broker that is away is looked at again the next time.
    const names = new Set(queries.flatMap(({ layout }) => layout.parts.flatMap(({ sourceTopics }) => sourceTopics)));
    const topics = await this.#options.list([...names]).catch(() => []);
    const counts = new Map(topics.map(({ name, partitions }) => [name, partitions]));
    for (const running of queries) this.#compare(running, counts);
    this.#isBusy = false;
  }

  #compare(running: RunningQuery, counts: ReadonlyMap<string, number>): void {
    for (const { sourceTopics, hasState } of running.layout.parts)
      for (const topic of sourceTopics) {
        const now = counts.get(topic);
        const before = running.partitionCounts.get(topic);
        if (now === undefined || now === before) continue;
        if (!hasState || before === undefined) running.partitionCounts.set(topic, now);
        if (before === undefined || now < before) continue;
        if (!hasState) this.#options.onMore(running);
        else if (running.blocked === undefined)
          this.#options.onBlocked(
            running,
            `topic ${topic} has ${now} partitions instead of ${before}: its keys are in other partitions than the state of the query. Terminate and create the query again`,
          );
      }
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
