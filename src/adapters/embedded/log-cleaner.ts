import type { LogCleaning } from '../../runtime/ports/node.ts';
import { Compaction, CompactionEnded } from './compaction.ts';
import type { EmbeddedLog } from './embedded-log.ts';
import type { LogSettings, TopicRules } from './log-entries.ts';
import type { LogFiles } from './log-files.ts';
import type { PartitionLog, SealedSegment } from './partition-log.ts';
import type { Segment } from './segment.ts';

export interface LogCleanerOptions {
  readonly log: EmbeddedLog;
  readonly files: LogFiles;
  readonly settings: LogSettings;
  /** The first offset of a partition that a query of this node has still to read; Infinity where none reads it. */
  readonly neededFrom: (topic: string, partition: number) => Promise<number>;
  /** Told why a partition could not be compacted. */
  readonly say: (text: string) => void;
}

/** A partition that is compacted, what of it may be now, and how many bytes that are not clean. */
interface Candidate {
  readonly topic: string;
  readonly partition: number;
  readonly log: PartitionLog;
  readonly rules: TopicRules;
  readonly segments: readonly Segment[];
  readonly dirty: number;
  /** Bytes of segments that nothing is appended to, which are kept for who reads them, or for a time. */
  readonly held: number;
  readonly ratio: number;
}

/** Why a partition could not be compacted, and up to which round it is left out: twice as long each time. */
interface Failing {
  readonly why: string;
  readonly pause: number;
  readonly until: number;
}
const longestPause = 64;
const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const bytesOf = (segments: readonly Segment[]): number => segments.reduce((sum, { size }) => sum + size, 0);
const dirtyOf = (segments: readonly Segment[]): number => bytesOf(segments.filter(({ isClean }) => !isClean));

/**
 * Compacts the topics whose policy says so, one partition at a time: the one with the greatest part that was written since it was compacted
 * last. Since that part must be large (`minRatio`), all rewriting together is a fixed multiple of what was written.
 */
export class LogCleaner {
  readonly #options: LogCleanerOptions;
  readonly #timer: NodeJS.Timeout;
  #hasEnded = false;
  #running: Promise<void> | undefined;
  #reclaimed = 0;
  #failures = 0;
  /** What could not be compacted, until it can. */
  readonly #failing = new WeakMap<PartitionLog, Failing>();
  #rounds = 0;
  /** Why it was not known what there is to compact, until it is. */
  #unknown: string | undefined;
  #seen = { cleanableBytes: 0, heldBytes: 0 };

  constructor(options: LogCleanerOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.round(true), options.settings.backoffMs);
    this.#timer.unref();
  }

  /**
   * Compacts until there is nothing to compact; waits for a round that is under way. `isPatient` leaves out for a while what failed: a
   * damaged segment would be read again and again.
   */
  round(isPatient = false): Promise<void> {
    return (this.#running ??= this.#round(isPatient).finally(() => (this.#running = undefined)));
  }
  async #round(isPatient: boolean): Promise<void> {
    this.#rounds++;
    const without = new Set<PartitionLog>();
    while (!this.#hasEnded && this.#options.log.isReady) {
      const next = await this.#dirtiest(without);
      if (next === undefined) return;
      if (isPatient && (this.#failing.get(next.log)?.until ?? 0) > this.#rounds) {
        without.add(next.log);
        continue;
      }
      try {
        await this.#compact(next);
        this.#failing.delete(next.log);
      } catch (error) {
        without.add(next.log);
        if (!(error instanceof CompactionEnded)) this.#fail(next, error);
      }
    }
  }
  #fail({ topic, partition, log }: Candidate, error: unknown): void {
    const why = reasonOf(error);
    const before = this.#failing.get(log);
    const pause = Math.min((before?.pause ?? 0.5) * 2, longestPause);
    this.#failures++;
    this.#failing.set(log, { why, pause, until: this.#rounds + pause });
    if (before?.why === why) return;
    this.#options.say(`topic ${topic}, partition ${partition} stays as it is, and is compacted when it can be: ${why}`);
  }

  async #dirtiest(without: ReadonlySet<PartitionLog>): Promise<Candidate | undefined> {
    const { minRatio } = this.#options.settings;
    const candidates = (await this.#look()) ?? [];
    const some = candidates.filter(({ dirty, ratio, log }) => dirty > 0 && ratio >= minRatio && !without.has(log));
    return some.reduce<Candidate | undefined>(
      (most, next) => (next.ratio > (most?.ratio ?? -1) ? next : most),
      undefined,
    );
  }
  /** All candidates; undefined where the database cannot be read: what queries have still to read is not known then. */
  async #look(): Promise<readonly Candidate[] | undefined> {
    try {
      const candidates: Candidate[] = [];
      for await (const candidate of this.#candidates()) candidates.push(candidate);
      this.#unknown = undefined;
      return candidates;
    } catch (error) {
      const why = reasonOf(error);
      if (this.#unknown !== why && this.#options.log.isReady) this.#options.say(`nothing is compacted: ${why}`);
      this.#unknown = why;
      return undefined;
    }
  }
  async *#candidates(): AsyncIterable<Candidate> {
    const { log: all, neededFrom } = this.#options;
    for (const [topic, partition, log, rules] of [...all.partitions()]) {
      if (!rules.isCompacted) continue;
      const since = Date.now() - rules.lagMs;
      const closed = log.compactable(Infinity, Infinity);
      // Nobody need be asked where nothing is to be done.
      if (dirtyOf(closed) === 0) continue;
      const segments = log.compactable(since, await neededFrom(topic, partition));
      const dirty = dirtyOf(segments);
      const ratio = dirty / bytesOf(segments);
      yield { topic, partition, log, rules, segments, dirty, held: dirtyOf(closed) - dirty, ratio };
    }
  }

  async #compact({ topic, partition, log, rules, segments }: Candidate): Promise<void> {
    const { files, settings } = this.#options;
    const { bufferBytes, deleteRetentionMs } = settings;
    const { segmentBytes, segmentMs } = rules;
    await new Compaction({
      ...{ log, segments, files, bufferBytes, segmentBytes, segmentMs, deleteRetentionMs },
      now: Date.now(),
      hasEnded: () => this.#hasEnded,
      replace: (former, by, settle) => this.#replace([topic, partition], log, former, by, settle),
    }).run();
  }

  async #replace(
    place: readonly [topic: string, partition: number],
    log: PartitionLog,
    former: readonly Segment[],
    by: readonly SealedSegment[],
    settle: (isReplaced: boolean) => void,
  ): Promise<void> {
    const { log: all } = this.#options;
    let isTold = false;
    const tell = (isReplaced: boolean): void => {
      isTold = true;
      if (isReplaced) this.#reclaimed += bytesOf(former) - by.reduce((sum, { bytes }) => sum + bytes, 0);
      settle(isReplaced);
    };
    let isWritten = false;
    try {
      // Where commits do not wait for the disk, the one below makes those before it wait, all but their segments.
      await all.syncLater();
      await all.whenReady(() => {
        if (!log.holds(former)) throw new CompactionEnded();
        isWritten = true;
        all.replace(place, former, by, tell);
      });
      // What comes of it counts for the next one only.
      await all.syncLater().catch(() => undefined);
    } finally {
      // A write in doubt is told of when it is known.
      if (!isTold && !isWritten) settle(false);
    }
  }

  /** What there is to compact, as far as the database can be read, and what was. */
  async figures(): Promise<LogCleaning> {
    const candidates = await this.#look();
    if (candidates !== undefined) {
      const sum = (of: (candidate: Candidate) => number): number => candidates.reduce((all, next) => all + of(next), 0);
      this.#seen = { cleanableBytes: sum(({ dirty }) => dirty), heldBytes: sum(({ held }) => held) };
    }
    return { ...this.#seen, reclaimedBytes: this.#reclaimed, failures: this.#failures };
  }

  /** Ends what is under way: what it was at stays as it was. */
  async close(): Promise<void> {
    this.#hasEnded = true;
    clearInterval(this.#timer);
    await this.#running;
  }
}
