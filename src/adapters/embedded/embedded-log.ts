import { join } from 'node:path';
import type { CommitObserver } from '../../runtime/ports/log.ts';
import type { TopicInfo, TopicSettings } from '../../runtime/ports/node.ts';
import type { StateBackend, StateBatch } from '../../runtime/ports/state-backend.ts';
import { after } from '../../runtime/stores/key-bytes.ts';
import type { AutoResetEvent } from '../../util/auto-reset-event.ts';
import { StateAway } from '../rocksdb/rocks-backend.ts';
import type { CommitMark } from './commit-mark.ts';
import { Doubt } from './doubt.ts';
import {
  commitNumber,
  decodeEnd,
  decodeSealed,
  encodeEnd,
  endKey,
  logDefaults,
  lostCommits,
  putCompacted,
  putNumber,
  putSealed,
  putTopic,
  rulesOf,
  segmentKey,
  segmentPrefix,
  topicKey,
  topicsIn,
  type LogSettings,
  type TopicRules,
} from './log-entries.ts';
import { nodeFiles, quietly, type LogFiles } from './log-files.ts';
import { PartitionLog, type SealedSegment } from './partition-log.ts';
import type { Segment } from './segment.ts';

interface Topic {
  readonly rules: TopicRules;
  readonly partitions: readonly PartitionLog[];
}

/** What one commit writes: batches by topic and partition, and a batch of state, which the log writes with its ends. */
export interface Commit {
  readonly appends: readonly { readonly topic: string; readonly partition: number; readonly batch: Buffer }[];
  readonly state?: StateBatch;
}

export interface LogOptions {
  readonly folder: string;
  readonly backend: StateBackend;
  /** Whether commits wait for the disk: they then survive a power failure, not only a killed process. */
  readonly sync: boolean;
  readonly observe?: CommitObserver | undefined;
  readonly files?: LogFiles | undefined;
  /** Where the number of the last commit is written, beside the database. */
  readonly mark?: CommitMark | undefined;
  readonly settings?: LogSettings | undefined;
  /** Keeps the bytes that opening a partition would cut off. */
  readonly keep?: ((path: string, from: number) => void) | undefined;
}

/**
 * All topics of an embedded node. A commit writes segments first, then one database batch with state, offsets, log ends and the
 * commit's number, then the number to the mark. A crash in between leaves bytes after the recorded ends, which the next start
 * cuts off: exactly once, without a broker. A database that has fewer commits than the mark says has lost some.
 */
export class EmbeddedLog {
  readonly #options: LogOptions;
  readonly #topics = new Map<string, Topic>();
  /** The events to set at a commit, by topic. */
  readonly #watching = new Map<string, Set<AutoResetEvent>>();
  /** The only log that may commit for a query: the last to take it over. */
  readonly owners = new Map<string, object>();
  readonly #files: LogFiles;
  #number: number;
  #doubt: Doubt | undefined;

  constructor(options: LogOptions) {
    this.#options = options;
    this.#files = options.files ?? nodeFiles;
    this.#number = commitNumber(options.backend);
    for (const { name, settings, isOld } of topicsIn(options.backend))
      this.#topics.set(name, this.#openTopic(name, settings, isOld));
  }

  #openTopic(name: string, settings: TopicSettings, isOld = false): Topic {
    const rules = rulesOf(settings, isOld, this.#options.settings ?? logDefaults);
    const partitions = Array.from({ length: settings.partitions }, (_, partition) => {
      const { backend, folder, keep } = this.#options;
      const stored = backend.getMany([endKey(name, partition)])[0];
      const prefix = segmentPrefix(name, partition);
      return new PartitionLog({
        folder: join(folder, name, String(partition)),
        files: this.#files,
        end: stored && decodeEnd(stored),
        sealed: [...backend.range(prefix, after(prefix))].map(([key, value]) => decodeSealed(key, value)),
        segmentBytes: rules.segmentBytes,
        segmentMs: rules.segmentMs,
        keep,
      });
    });
    return { rules, partitions };
  }

  /** What is wrong with segment files, as far as opening them shows. */
  get damages(): string[] {
    return [...this.#topics.values()].flatMap(({ partitions }) => partitions.flatMap(({ damages }) => damages));
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
    const batch = this.#options.backend.batch();
    putTopic(batch, name, settings);
    this.write(batch, (isCommitted) => {
      if (isCommitted) this.#topics.set(name, this.#openTopic(name, settings));
    });
  }

  delete(name: string): void {
    const topic = this.#topics.get(name);
    if (topic === undefined) return;
    const batch = this.#options.backend.batch();
    batch.delete(topicKey(name));
    for (const partition of topic.partitions.keys()) {
      batch.delete(endKey(name, partition));
      const prefix = segmentPrefix(name, partition);
      for (const [key] of this.#options.backend.range(prefix, after(prefix))) batch.delete(key);
    }
    this.write(batch, (isCommitted) => {
      if (!isCommitted) return;
      this.#topics.delete(name);
      for (const partition of topic.partitions) partition.destroy();
      // What stays is removed when the topic is made again.
      quietly(() => this.#files.remove(join(this.#options.folder, name)));
    });
  }

  partition(name: string, partition: number): PartitionLog | undefined {
    return this.#topics.get(name)?.partitions[partition];
  }

  /**
   * Commits. A query's task has reported 'begun' and passes its observer; for other commits it is reported here. A commit that
   * fails may be there all the same, which `confirm` finds out.
   */
  commit({ appends, state = this.#options.backend.batch() }: Commit, observe = this.#begin()): void {
    this.#doubt?.refuse();
    const touched = new Map<PartitionLog, readonly [topic: string, partition: number]>();
    try {
      for (const { topic, partition, batch } of appends) {
        const log = this.partition(topic, partition);
        if (log === undefined) continue;
        touched.set(log, [topic, partition]);
        log.append(batch);
      }
      if (this.#options.sync) for (const log of touched.keys()) log.sync();
      observe('sent');
      for (const [log, [topic, partition]] of touched) {
        for (const sealed of log.unstored) putSealed(state, topic, partition, sealed);
        state.put(endKey(topic, partition), encodeEnd(log.end));
      }
    } catch (error) {
      // Otherwise the next commit would make these batches visible.
      for (const log of touched.keys()) log.rollBack();
      throw error;
    }
    this.write(state, (isCommitted) => {
      for (const log of touched.keys())
        if (isCommitted) log.commit();
        else log.rollBack();
      if (isCommitted) this.#tell(appends);
    });
    observe('ended');
    observe('stored');
  }
  #tell(appends: Commit['appends']): void {
    for (const topic of new Set(appends.map((append) => append.topic)))
      for (const event of this.#watching.get(topic) ?? []) event.set();
  }

  /**
   * Writes a batch as the next commit. A write that fails may be on the disk all the same (a sync that fails): then the database
   * is opened again, and what it holds decides. Until then nothing else is committed.
   */
  write(state: StateBatch, settle: (isCommitted: boolean) => void = () => undefined, sync = this.#options.sync): void {
    this.#doubt?.refuse();
    const { backend, folder, mark } = this.#options;
    const number = this.#number + 1;
    try {
      putNumber(state, number);
      state.write(sync);
    } catch (error) {
      if (backend.reopen === undefined || error instanceof StateAway) {
        settle(false);
        throw error;
      }
      const doubt = new Doubt(error, { folder, files: this.#files, reopen: () => backend.reopen!() });
      this.#doubt = doubt;
      doubt.begin(() => {
        const found = commitNumber(backend);
        if (found < number - 1) throw lostCommits('the database', found, number - 1);
        this.#number = found;
        settle(found === number);
        this.#doubt = undefined;
        return found === number;
      });
      throw error;
    }
    this.#number = number;
    // An older mark asks for less; the commit is there.
    if (mark !== undefined) quietly(() => mark.set(number));
    settle(true);
  }
  /** Runs a commit; ends well if it is there, also where the database said that it failed. */
  async confirm(commit: () => void): Promise<void> {
    try {
      commit();
    } catch (error) {
      const doubt = this.#doubt;
      // What was refused because another write is in doubt was never written, whatever becomes of that one.
      if (doubt === undefined || doubt.cause !== error || !(await doubt.settled())) throw error;
    }
  }
  /** Runs and confirms a commit as soon as it is known what is committed. */
  whenReady(commit: () => void): Promise<void> {
    return this.isReady ? this.confirm(commit) : this.ready().then(() => this.confirm(commit));
  }
  /** Waits until it is known what is committed; throws where that takes long. */
  async ready(): Promise<void> {
    await this.#doubt?.settled();
  }
  get isReady(): boolean {
    return this.#doubt === undefined;
  }
  get number(): number {
    return this.#number;
  }
  #begin(): CommitObserver {
    this.observe('begun');
    return this.observe;
  }
  /** Observes the steps of every commit. */
  get observe(): CommitObserver {
    return this.#options.observe ?? (() => undefined);
  }

  /** Sets the event at every commit to one of the topics; returns the function that ends this. */
  watch(topics: readonly string[], event: AutoResetEvent): () => void {
    for (const topic of topics) {
      const events = this.#watching.get(topic);
      if (events === undefined) this.#watching.set(topic, new Set([event]));
      else events.add(event);
    }
    return () => {
      for (const topic of topics) {
        const events = this.#watching.get(topic);
        events?.delete(event);
        if (events?.size === 0) this.#watching.delete(topic);
      }
    };
  }

  /** Applies each topic's retention by time since the append and by size; topics that are only compacted have none. */
  retain(now: number): void {
    for (const [name, { rules, partitions }] of this.#topics) {
      const { retentionMs, retentionBytes } = rules;
      if (retentionMs === Infinity && retentionBytes === Infinity) continue;
      for (const [number, partition] of partitions.entries()) {
        const bases = partition.expired(now - retentionMs, retentionBytes);
        if (bases.length === 0) continue;
        const batch = this.#options.backend.batch();
        for (const base of bases) batch.delete(segmentKey(name, number, base));
        for (const sealed of partition.unstored)
          if (!bases.includes(sealed.base)) putSealed(batch, name, number, sealed);
        batch.put(endKey(name, number), encodeEnd(partition.endWithout(bases)));
        this.write(batch, (isCommitted) => {
          if (isCommitted) partition.drop(bases);
        });
      }
    }
  }

  /**
   * Puts compacted segments into the place of others. It waits for the disk whatever `sync` says: afterwards the former files are
   * deleted, which may have survived a power failure for years.
   */
  replace(
    [topic, partition]: readonly [topic: string, partition: number],
    segments: readonly Segment[],
    by: readonly SealedSegment[],
    settle: (isCommitted: boolean) => void,
  ): void {
    const log = this.partition(topic, partition)!;
    const batch = this.#options.backend.batch();
    putCompacted(batch, [topic, partition], segments, by);
    const end = (isCommitted: boolean): void => {
      if (isCommitted) log.replace(segments, by);
      settle(isCommitted);
    };
    this.write(batch, end, true);
  }

  /** Waits until what was appended before the call is on the disk, beside the event loop. */
  async syncLater(): Promise<void> {
    for (const [, , log] of [...this.partitions()]) await log.syncLater();
  }

  /** Each partition with its topic's name and rules. */
  *partitions(): Iterable<readonly [topic: string, partition: number, log: PartitionLog, rules: TopicRules]> {
    for (const [name, { partitions, rules }] of this.#topics)
      for (const [partition, log] of partitions.entries()) yield [name, partition, log, rules];
  }
  /** Goes on without what is damaged of a partition; `keep` gets every file that loses something. */
  giveUpDamage(topic: string, partition: number, keep: (path: string, from: number) => void): void {
    const log = this.partition(topic, partition)!;
    log.giveUpDamage(keep);
    const batch = this.#options.backend.batch();
    const prefix = segmentPrefix(topic, partition);
    for (const [key] of this.#options.backend.range(prefix, after(prefix))) batch.delete(key);
    for (const sealed of log.sealed) putSealed(batch, topic, partition, sealed);
    batch.put(endKey(topic, partition), encodeEnd(log.end));
    this.write(batch);
  }

  close(): void {
    this.#doubt?.close();
    for (const { partitions } of this.#topics.values()) for (const partition of partitions) partition.close();
    this.#topics.clear();
  }
}
