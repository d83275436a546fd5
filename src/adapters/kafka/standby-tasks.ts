import { setTimeout as sleep } from 'node:timers/promises';
import type { StateBackend } from '../../runtime/ports/state-backend.ts';
import type { SchemaCache } from '../../runtime/schema-cache.ts';
import type { TaskSpec } from '../../runtime/task/spec.ts';
import { Task } from '../../runtime/task/task.ts';
import { retry } from '../../util/retry.ts';
import { LocalState, stateName } from './local-state.ts';
import { changelogTopic } from './names.ts';
import type { Fetched } from './responses.ts';
import { restoreBytes } from './task-state.ts';
import { KafkaTaskLog, type TaskLogSpec } from './task-log.ts';
import { holdsWanted, type HeldTask, type WantedRows } from './task-scans.ts';
import type { Wire } from './wire.ts';

/** A task whose state is kept up to date here while another node runs it, as sent to a worker: plain data. */
export interface StandbySpec {
  readonly id: string;
  readonly task: TaskSpec;
  readonly log: TaskLogSpec;
  /** The topics that it reads. */
  readonly topics: readonly string[];
}
export interface StandbyPorts {
  readonly wire: Wire;
  readonly backend: StateBackend;
  readonly schemas: SchemaCache;
}

/** How long a changelog without anything new is left alone. */
const pauseMs = 100;
const openPauses = { retries: Infinity, firstMs: 100, longestMs: 5000 };

interface Standby {
  readonly spec: StandbySpec;
  readonly state: LocalState;
  /** Its changelog, and where it is read next; undefined before the first time. */
  readonly topic: string;
  position: number | undefined;
  /** Whether it has been up to date since it was opened. */
  isWhole: boolean;
  /** Reads what is stored; undefined until somebody asks, and after each change. */
  reads: Task | undefined;
}

/**
 * The standby tasks of a worker: copies of the state of tasks that other nodes run, which follow their changelogs. A task that is
 * taken over here finds its state in place.
 */
export class StandbyTasks {
  readonly #ports: StandbyPorts;
  readonly #standbys = new Map<string, Standby>();
  /** What is applied at the moment. */
  #pass: Promise<boolean> = Promise.resolve(false);
  #isFollowing = false;

  constructor(ports: StandbyPorts) {
    this.#ports = ports;
  }

  start(spec: StandbySpec): void {
    const { group, part, partition } = spec.log;
    if (this.#standbys.has(spec.id)) return;
    const standby: Standby = {
      spec,
      state: new LocalState(this.#ports.backend, stateName(group, part, partition)),
      topic: changelogTopic(group, part),
      position: undefined,
      isWhole: false,
      reads: undefined,
    };
    this.#standbys.set(spec.id, standby);
    void this.#open(standby);
    void this.#follow();
  }

  /** Resolves when nothing is applied any more. */
  async stop(id: string): Promise<void> {
    const standby = this.#standbys.get(id);
    if (standby === undefined) return;
    this.#standbys.delete(id);
    await this.#pass;
  }
  async close(): Promise<void> {
    this.#standbys.clear();
    await this.#pass;
  }

  /** Those with wanted rows that have been up to date once: what they hold is no older than their last look at the changelog. */
  reading(wanted: WantedRows): HeldTask[] {
    const found = [...this.#standbys.values()].filter(({ spec, isWhole }) => isWhole && holdsWanted(spec, wanted));
    return found.map((standby) => ({ partition: standby.spec.log.partition, task: this.#reads(standby) }));
  }

  /** A task that caches nothing of what changed since. */
  #reads(standby: Standby): Task {
    if (standby.reads === undefined) {
      const { wire, backend, schemas } = this.#ports;
      const log = new KafkaTaskLog(standby.spec.log, { wire, backend, commitOffsets: () => Promise.resolve() });
      const { statePrefix } = log;
      standby.reads = new Task(standby.spec.task, {
        log,
        output: log,
        backend,
        statePrefix,
        models: undefined,
        schemas,
      });
      standby.reads.openForReads();
    }
    return standby.reads;
  }

  async #open(standby: Standby): Promise<void> {
    const { wire } = this.#ports;
    const { topic, spec, state } = standby;
    const isWanted = (): boolean => this.#standbys.get(spec.id) === standby;
    const open = async (): Promise<void> => {
      await wire.watch([topic, ...spec.topics]);
      const { partition } = spec.log;
      // A task that ran here may have stored what it committed before the broker shows it as such.
      const [start, written, end] = await Promise.all([
        wire.listOffsets(topic, [partition], -2),
        wire.listOffsets(topic, [partition], -1, 'written'),
        wire.listOffsets(topic, [partition], -1),
      ]);
      if (!isWanted()) return;
      standby.position = state.open(start.get(partition) ?? 0, written.get(partition) ?? 0);
      standby.isWhole = standby.position >= (end.get(partition) ?? 0);
    };
    await retry(open, { ...openPauses, mayPass: isWanted }).catch(() => undefined);
  }

  async #follow(): Promise<void> {
    if (this.#isFollowing) return;
    this.#isFollowing = true;
    while (this.#standbys.size > 0) {
      this.#pass = this.#applyNext().catch(() => false);
      if (!(await this.#pass)) await sleep(pauseMs, undefined, { ref: false });
    }
    this.#isFollowing = false;
  }

  /** Fetches once for all; false if nothing was new. */
  async #applyNext(): Promise<boolean> {
    const open = [...this.#standbys.values()].filter(({ position }) => position !== undefined);
    if (open.length === 0) return false;
    const wants = open.map(({ topic, spec, position }) => ({
      topic,
      partition: spec.log.partition,
      offset: position!,
    }));
    // Nobody waits at the broker: the tasks that restore their state use the same connection.
    const results = await this.#ports.wire.fetch(wants, 0, restoreBytes, true);
    let isNew = false;
    for (const fetched of results) isNew = this.#apply(fetched) || isNew;
    return isNew;
  }
  #apply(fetched: Fetched): boolean {
    const standby = [...this.#standbys.values()].find(
      ({ topic, spec }) => topic === fetched.topic && spec.log.partition === fetched.partition,
    );
    if (standby?.position === undefined || fetched.trouble !== undefined || fetched.outOfRange) {
      fetched.lease.release();
      // The changelog no longer has what comes next: it is read from its start.
      if (standby !== undefined && fetched.outOfRange) {
        standby.position = undefined;
        standby.isWhole = false;
        void this.#open(standby);
      }
      return false;
    }
    const isNew = fetched.next > standby.position;
    if (fetched.next >= fetched.highWatermark) standby.isWhole = true;
    if (isNew) {
      standby.state.apply(fetched, standby.position);
      standby.position = fetched.next;
      standby.reads = undefined;
    } else fetched.lease.release();
    return isNew;
  }
}
