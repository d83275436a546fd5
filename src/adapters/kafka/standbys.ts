import { setTimeout as sleep } from 'node:timers/promises';
import { serverOptions } from '../../config/server-options.ts';
import type { ClusterReads } from './cluster-reads.ts';
import type { ClientSettings } from './client-config.ts';
import { taskOf, type RunningQuery } from './running-query.ts';
import type { TaskPool } from './task-pool.ts';

const pauseMs = 100;

/** The standby tasks of this node, by what the groups of the queries assign to it. */
export class Standbys {
  /** How many nodes beside the one that runs a task keep its state. */
  readonly replicas: number;
  readonly #serviceId: string;
  readonly #pool: TaskPool;
  readonly #reads: ClusterReads;
  /** Of each query the numbers that are kept, with the parts' tasks. */
  readonly #kept = new Map<RunningQuery, Map<number, readonly string[]>>();

  constructor(settings: ClientSettings, pool: TaskPool, reads: ClusterReads) {
    this.replicas = serverOptions.read('ksql.streams.num.standby.replicas', settings);
    this.#serviceId = serverOptions.read('ksql.service.id', settings);
    this.#pool = pool;
    this.#reads = reads;
  }

  /** The standby tasks of a query. */
  count(running: RunningQuery): number {
    return [...(this.#kept.get(running)?.values() ?? [])].reduce((sum, { length }) => sum + length, 0);
  }

  /** Tasks of these numbers run here from now on: resolves when nothing else writes their state. */
  async release(running: RunningQuery, partitions: readonly number[]): Promise<void> {
    const kept = this.#kept.get(running);
    if (kept === undefined) return;
    const ids = partitions.flatMap((partition) => kept.get(partition) ?? []);
    for (const partition of partitions) kept.delete(partition);
    await Promise.all(ids.map((id) => this.#pool.stopStandby(id)));
  }
  /** Ends those of a query that this node no longer runs. */
  async stop(running: RunningQuery): Promise<void> {
    await this.release(running, [...(this.#kept.get(running)?.keys() ?? [])]);
    this.#kept.delete(running);
  }

  /** The group has a new assignment, which says what this node keeps. `isLatest` is false when there is another one. */
  async assigned(running: RunningQuery, isLatest: () => boolean): Promise<void> {
    const isCurrent = (): boolean => isLatest() && !running.hasEnded;
    const parts = running.layout.parts.filter(({ hasState }) => hasState);
    if (this.replicas === 0 || parts.length === 0) return;
    // A group whose members still take their assignments does not say yet what it is.
    let numbers = await this.#reads.standbysOf(running.groupId);
    for (; numbers === undefined; numbers = await this.#reads.standbysOf(running.groupId)) {
      if (!isCurrent()) return;
      await sleep(pauseMs, undefined, { ref: false });
    }
    if (!isCurrent()) return;
    running.group.standbys = numbers;
    const kept = this.#kept.get(running) ?? new Map<number, readonly string[]>();
    this.#kept.set(running, kept);
    await this.release(
      running,
      [...kept.keys()].filter((partition) => !numbers.includes(partition)),
    );
    if (!isCurrent()) return;
    for (const partition of numbers) {
      if (kept.has(partition) || running.partitions.includes(partition)) continue;
      const specs = parts.map((part) => ({
        ...taskOf(running, part, partition, this.#serviceId),
        topics: running.topics,
      }));
      kept.set(
        partition,
        specs.map(({ id }) => id),
      );
      for (const spec of specs) this.#pool.startStandby(spec);
    }
  }
}
