import type { Value } from '../../types/sql-type.ts';
import { Generations } from '../stores/generations.ts';
import type { KeyValueStore } from '../stores/key-value-store.ts';
import type { ChunkStore, StoredBucket } from './chunk-store.ts';
import { EventList, type Place } from './event-list.ts';
import { fold } from './fold.ts';
import type { FrameCall } from './frame-call.ts';
import { PageCalls } from './page-calls.ts';
import { answerAt, FrameRunner, gapAtTime, type Current, type FrameSpec, type Runner } from './frame-runner.ts';
import { trailingCalls, TrailingRunner, type TrailingCalls } from './trailing-runner.ts';

/** How long a buffer keeps events. */
export interface Retention {
  /** Milliseconds before stream time for which events are kept: the longest frame plus the grace. */
  readonly keptMs: number;
  /** Events of a key that are kept at any age, for frames bounded by rows or MAXSIZE. */
  readonly rows: number;
  /** The width of the time buckets that expire as a whole, in ms; Infinity if rows are kept. */
  readonly bucketMs: number;
}

/** A key's events in order, and the states of its frames from UNBOUNDED PRECEDING, as an older version stored them. */
export interface FormerEvents {
  readonly events: readonly { readonly time: number; readonly args: readonly Value[] }[];
  readonly base: readonly unknown[];
}

/** An event's arguments, and the widened row that gets its values. */
export interface GroupedEvent {
  readonly args: readonly Value[];
  readonly values: Value[];
}

/** One partition key: its events, its frames, and the states of events that frames from UNBOUNDED PRECEDING have folded. */
export interface Partition {
  readonly list: EventList;
  readonly runners: readonly Runner[];
  base: unknown[] | undefined;
  groupTime: number;
  groupIndex: number;
}

/** Memory of a partition beside its events, and of a chunk beside its values. Measured on Node 20. */
const partitionBytes = 1500;
const chunkBytes = 500;

/** The events and frames of all partition keys of a step with one kind of retention. */
export class OverBuffer {
  readonly #chunks: ChunkStore;
  readonly #base: KeyValueStore<unknown[]> | undefined;
  readonly #frames: readonly FrameSpec[];
  readonly #trailing: readonly (TrailingCalls | undefined)[];
  readonly #folded: readonly FrameCall[];
  readonly #retention: Retention;
  readonly #width: number;
  readonly #pageCalls: PageCalls;
  readonly #hasExclusion: boolean;
  readonly #cache = new Generations<Partition>(({ list }) => partitionBytes + list.chunkCount * chunkBytes);
  #streamTime = -Infinity;
  /** The list that is at work. */
  #list: EventList | undefined;
  /** The stream time at which the next bucket expires. */
  #nextExpiry: number;

  constructor(
    chunks: ChunkStore,
    base: KeyValueStore<unknown[]> | undefined,
    frames: readonly FrameSpec[],
    retention: Retention,
    width: number,
    calls: readonly FrameCall[] = frames.flatMap((spec) => spec.calls),
  ) {
    this.#chunks = chunks;
    this.#base = base;
    this.#frames = frames;
    this.#trailing = frames.map((spec) => (spec.isTrailing ? trailingCalls(spec) : undefined));
    this.#folded = frames.flatMap(({ isUnbounded, calls }) => (isUnbounded ? calls : []));
    this.#retention = retention;
    this.#width = width;
    this.#pageCalls = new PageCalls(frames.flatMap((spec) => spec.calls));
    this.#nextExpiry = retention.bucketMs === Infinity ? Infinity : -Infinity;
    // After a flush no chunk is dirty, so partitions may be evicted.
    chunks.onFlushed = () => void this.#cache.age(chunks.cacheBytes);
    for (const call of calls) if (call.mayFail) call.onMarked = (chunk) => this.#list!.changed(chunk);
    this.#hasExclusion = frames.some(({ frame }) => frame.exclude !== undefined);
  }

  /** Advances stream time: buckets that no frame can reach expire. */
  advance(streamTime: number): void {
    this.#streamTime = streamTime;
    if (streamTime < this.#nextExpiry) return;
    const { keptMs, bucketMs } = this.#retention;
    const bucket = Math.floor((streamTime - keptMs) / bucketMs) * bucketMs;
    if (bucket > 0) this.#chunks.expire(bucket);
    this.#nextExpiry = Math.max(bucket, 0) + keptMs + bucketMs;
  }

  /** The partitions of some keys; those that are not cached are read in one go. */
  open(keys: readonly (string | undefined)[]): (Partition | undefined)[] {
    const opened = new Array<Partition | undefined>(keys.length);
    let missing: Set<string> | undefined;
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i];
      if (key === undefined) continue;
      const known = this.#cache.get(key);
      if (known === undefined) (missing ??= new Set()).add(key);
      else opened[i] = known;
    }
    if (missing === undefined) return opened;
    const names = [...missing];
    this.#base?.prefetch(names);
    const loaded = this.#chunks.load(names, this.#retention.bucketMs);
    names.forEach((key, i) => this.#add(key, loaded[i]!));
    for (let i = 0; i < keys.length; i++)
      if (opened[i] === undefined && keys[i] !== undefined) opened[i] = this.#cache.get(keys[i]!);
    return opened;
  }

  #add(key: string, stored: readonly StoredBucket[]): Partition {
    const shape = { width: this.#width, bucketMs: this.#retention.bucketMs, calls: this.#pageCalls };
    const list = new EventList(key, this.#chunks, shape, stored);
    const partition: Partition = {
      list,
      runners: this.#frames.map((spec, i): Runner => {
        const trailing = this.#trailing[i];
        return trailing === undefined
          ? new FrameRunner(spec, (call) => this.#baseOf(partition, call))
          : new TrailingRunner(spec, trailing);
      }),
      base: undefined,
      groupTime: NaN,
      groupIndex: 0,
    };
    this.#cache.add(key, partition);
    for (const { chunks } of stored)
      for (const { bytes, isReleased } of chunks) if (!isReleased) this.#cache.grow(bytes);
    return partition;
  }
  #baseOf(partition: Partition, call: FrameCall): unknown {
    partition.base ??= this.#base!.get(partition.list.key) ?? this.#folded.map(({ aggregator }) => aggregator.init());
    return partition.base[this.#folded.indexOf(call)];
  }

  /** Inserts an event and sets the values of all calls over its frames. */
  answer(partition: Partition, time: number, args: readonly Value[], values: Value[]): void {
    const place = this.insert(partition, time, args);
    this.#answer(partition, place, time, place.index + 1, values);
  }
  /** Inserts all events of one time, then sets the values of each: peers see each other. */
  answerGroup(key: string, time: number, events: readonly GroupedEvent[]): void {
    const partition = this.open([key])[0]!;
    const places = events.map(({ args }) => this.insert(partition, time, args));
    const endIndex = places.at(-1)!.index + 1;
    for (const [i, { values }] of events.entries()) this.#answer(partition, places[i]!, time, endIndex, values);
  }

  /** Sets the values of calls over frames of time as they are at a time; false where the key has nothing. */
  answerAt(key: string, time: number, values: Value[]): boolean {
    const partition = this.open([key])[0]!;
    const { list } = partition;
    this.#list = list;
    this.#trim(partition);
    for (const spec of this.#frames)
      if (spec.frame.unit === 'RANGE') answerAt(spec, list, time, values, (call) => this.#baseOf(partition, call));
    return list.last !== undefined || this.#base?.get(key) !== undefined;
  }

  /** Inserts the events of an older version's partition. */
  restore(key: string, { events, base }: FormerEvents): void {
    const partition = this.open([key])[0]!;
    for (const { time, args } of events) this.insert(partition, time, args);
    if (base.length === 0) return;
    partition.base = [...base];
    this.#base!.put(key, partition.base);
  }

  /** Inserts an event without computing values. */
  insert(partition: Partition, time: number, args: readonly Value[]): Place {
    const { list, runners } = partition;
    this.#list = list;
    this.#trim(partition);
    const { chunkCount } = list;
    const place = list.insert(time, args, runners);
    this.#cache.grow(list.chunkCount === chunkCount ? 8 * (args.length + 1) : chunkBytes);
    if (place.isLate) {
      for (const runner of runners) runner.late(place, time);
      partition.groupTime = NaN;
    } else if (this.#hasExclusion && time !== partition.groupTime) {
      partition.groupTime = time;
      partition.groupIndex = gapAtTime(list, time).index;
    }
    return place;
  }

  #answer(partition: Partition, place: Place, time: number, endIndex: number, values: Value[]): void {
    const { list, runners } = partition;
    const { chunk, at, index, isLate } = place;
    let groupIndex = index;
    if (this.#hasExclusion) groupIndex = isLate ? gapAtTime(list, time).index : partition.groupIndex;
    const current: Current = { chunk, at, index, isLate, time, groupIndex, endIndex };
    if (isLate) for (const runner of runners) runner.answerLate(list, current, values);
    else for (const runner of runners) runner.answer(list, current, values);
  }

  /** Drops chunks that no frame can reach; frames from UNBOUNDED PRECEDING fold them first. */
  #trim(partition: Partition): void {
    const { list } = partition;
    const { keptMs, bucketMs } = this.#retention;
    const horizon = this.#streamTime - keptMs;
    if (list.firstEnd >= horizon) return;
    let { first } = list;
    const keepsRows = bucketMs === Infinity;
    while (first !== undefined && first.last < horizon) {
      if (keepsRows && !this.#areEnoughBehind(first, horizon)) break;
      if (this.#folded.length > 0) this.#fold(partition);
      list.trimFirst();
      first = list.first;
    }
    for (const runner of partition.runners) runner.trimmed(list);
  }
  /** Whether the chunks after one hold as many events before the horizon as frames of rows may need. */
  #areEnoughBehind(chunk: { readonly next: unknown }, horizon: number): boolean {
    const { rows } = this.#retention;
    let count = 0;
    for (let next = (chunk as EventList['first'])!.next; next !== undefined; next = next.next) {
      if (next.last >= horizon) return count >= rows;
      count += next.count;
      if (count >= rows) return true;
    }
    return rows === 0;
  }
  #fold(partition: Partition): void {
    const { list } = partition;
    const chunk = list.first!;
    const from = { chunk, at: 0, index: list.trimmed };
    const to = { chunk, at: chunk.count, index: list.trimmed + chunk.count };
    partition.base = this.#folded.map((call) => fold(call, list, from, to, this.#baseOf(partition, call)));
    this.#base!.put(list.key, partition.base);
  }
}
