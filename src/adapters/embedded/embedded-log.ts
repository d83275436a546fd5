import { join } from 'node:path';
import { decodeValue, encodeValue } from '../../runtime/codec.ts';
import type { CommitObserver } from '../../runtime/ports/log.ts';
import type { TopicInfo, TopicSettings } from '../../runtime/ports/node.ts';
import type { StateBackend, StateBatch } from '../../runtime/ports/state-backend.ts';
import { after } from '../../runtime/stores/key-bytes.ts';
import { PartitionLog, type LogEnd } from './partition-log.ts';

interface Topic {
  readonly settings: TopicSettings;
  readonly partitions: readonly PartitionLog[];
}

/** What one commit writes: batches by topic and partition, and a batch of state beside them, which the log writes. */
export interface Commit {
  readonly appends: readonly { readonly topic: string; readonly partition: number; readonly batch: Buffer }[];
  readonly state?: StateBatch;
}

export interface LogOptions {
  readonly folder: string;
  readonly backend: StateBackend;
  /** Waits for the disk at every commit: survives a power cut, not only a killed process. */
  readonly sync: boolean;
  readonly observe?: CommitObserver | undefined;
}

const defaultRetentionMs = 7 * 86_400_000;

/**
 * All topics of an embedded node. A commit writes segments first, then one batch of the database with state, offsets and log
 * ends: a crash in between leaves bytes behind the recorded ends, which are cut off at the next start. Exactly once, without a broker.
 */
export class EmbeddedLog {
  readonly #options: LogOptions;
  readonly #topics = new Map<string, Topic>();
  readonly #waiting = new Set<() => void>();
  /** Who may commit for each query: whoever took it over last. */
  readonly owners = new Map<string, object>();

  constructor(options: LogOptions) {
    this.#options = options;
    const prefix = Buffer.from('t/');
    for (const [key, value] of options.backend.range(prefix, after(prefix))) {
      const name = key.utf8Slice(prefix.length, key.length);
      const [partitions, config] = decodeValue(value) as [number, Map<string, string>];
      this.#topics.set(name, this.#openTopic(name, { partitions, replicas: 1, config: Object.fromEntries(config) }));
    }
  }

  #openTopic(name: string, settings: TopicSettings): Topic {
    const partitions = Array.from({ length: settings.partitions }, (_, partition) => {
      const stored = this.#options.backend.getMany([endKey(name, partition)])[0];
      const end = stored === undefined ? undefined : (decodeValue(stored) as [number, number, number]);
      return new PartitionLog(
        join(this.#options.folder, name, String(partition)),
        end && { next: end[0], segment: end[1], bytes: end[2] },
      );
    });
    return { settings, partitions };
  }

  info(name: string): TopicInfo | undefined {
    const topic = this.#topics.get(name);
    return topic && { name, partitions: topic.partitions.length, replicas: 1 };
  }
  names(): string[] {
    return [...this.#topics.keys()].sort();
  }

  create(name: string, settings: TopicSettings): void {
    if (this.#topics.has(name)) return;
    const value = encodeValue([settings.partitions, new Map(Object.entries(settings.config))]);
    const batch = this.#options.backend.batch();
    batch.put(Buffer.from(`t/${name}`), value);
    batch.write(this.#options.sync);
    this.#topics.set(name, this.#openTopic(name, settings));
  }

  delete(name: string): void {
    const topic = this.#topics.get(name);
    if (topic === undefined) return;
    const batch = this.#options.backend.batch();
    batch.delete(Buffer.from(`t/${name}`));
    topic.partitions.forEach((_, partition) => batch.delete(endKey(name, partition)));
    batch.write(this.#options.sync);
    this.#topics.delete(name);
    for (const partition of topic.partitions) partition.destroy();
  }

  partition(name: string, partition: number): PartitionLog | undefined {
    return this.#topics.get(name)?.partitions[partition];
  }

  /** A query's commit has begun when it comes here, and brings who is told of its steps; any other begins now. */
  commit({ appends, state = this.#options.backend.batch() }: Commit, observe = this.#begin()): void {
    const { sync } = this.#options;
    const touched = new Map<PartitionLog, Buffer>();
    try {
      for (const { topic, partition, batch } of appends) {
        const log = this.partition(topic, partition);
        if (log === undefined) continue;
        touched.set(log, endKey(topic, partition));
        log.append(batch);
      }
      if (sync) for (const log of touched.keys()) log.sync();
      observe('sent');
      for (const [log, key] of touched) state.put(key, encodeEnd(log.end));
      state.write(sync);
    } catch (error) {
      // What is behind the committed ends would be seen with the next commit.
      for (const log of touched.keys()) log.rollBack();
      throw error;
    }
    for (const log of touched.keys()) log.commit();
    observe('ended');
    observe('stored');
    if (touched.size > 0) this.wake();
  }
  #begin(): CommitObserver {
    this.observe('begun');
    return this.observe;
  }
  /** Is told of the steps of every commit. */
  get observe(): CommitObserver {
    return this.#options.observe ?? (() => undefined);
  }

  /** Ends every wait: something was committed, or somebody stops. */
  wake(): void {
    for (const resume of [...this.#waiting]) resume();
  }

  /** Waits until something is committed, or the time is over. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const resume = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(resume);
        resolve();
      };
      const timer = setTimeout(resume, ms);
      this.#waiting.add(resume);
    });
  }

  /** Applies every topic's retention by time and size; compacted topics keep all. */
  retain(now: number): void {
    for (const { settings, partitions } of this.#topics.values()) {
      const { config } = settings;
      if (config['cleanup.policy']?.includes('delete') === false) continue;
      const retention = Number(config['retention.ms'] ?? defaultRetentionMs);
      const bytes = Number(config['retention.bytes'] ?? -1);
      for (const partition of partitions)
        partition.retain(retention < 0 ? 0 : now - retention, bytes < 0 ? Infinity : bytes);
    }
  }

  close(): void {
    this.wake();
    for (const { partitions } of this.#topics.values()) for (const partition of partitions) partition.close();
    this.#topics.clear();
  }
}

const endKey = (topic: string, partition: number): Buffer => Buffer.from(`e/${topic}/${partition}`);
const encodeEnd = ({ next, segment, bytes }: LogEnd): Buffer => encodeValue([next, segment, bytes]);
