import type { RunningQuery } from './running-query.ts';
import { positionsIn } from './whereabouts.ts';
import type { Wire } from './wire.ts';

const everyMs = 1000;

/** Measures the lag of what of a query does not run, because it is paused or in ERROR: from the group's offsets to the topics' ends. */
export class StandingLag {
  readonly #wire: Wire;
  readonly #queries: () => Iterable<RunningQuery>;
  readonly #timer: NodeJS.Timeout;
  #isBusy = false;

  constructor(wire: Wire, queries: () => Iterable<RunningQuery>) {
    this.#wire = wire;
    this.#queries = queries;
    this.#timer = setInterval(() => void this.#measureAll(), everyMs);
    this.#timer.unref();
  }

  async #measureAll(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    for (const running of this.#queries()) {
      const partitions = standing(running);
      // The figure stays while the broker does not tell.
      if (partitions.length === 0) running.standingLag = 0;
      else running.standingLag = await this.#measure(running, partitions).catch(() => running.standingLag);
    }
    this.#isBusy = false;
  }

  async #measure(running: RunningQuery, partitions: readonly number[]): Promise<number> {
    let lag = 0;
    for (const topic of running.topics)
      for (const { committed, end } of await positionsIn(this.#wire, running, topic, (n) => partitions.includes(n)))
        lag += Math.max(0, end - committed);
    return lag;
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

/** The partition numbers of this node of which something does not run. */
function standing({ paused, blocked, partitions, stopped }: RunningQuery): readonly number[] {
  return paused || blocked !== undefined
    ? partitions
    : [...new Set([...stopped.values()].map(({ partition }) => partition))];
}
