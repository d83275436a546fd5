import type { OverFrame } from '../../specs/window.ts';
import type { Value, Row } from '../../types/sql-type.ts';
import type { Aggregator } from '../../functions/define.ts';
import type { PickedRow } from '../../functions/over/define.ts';
import { Change, keyText } from '../change.ts';
import { batchOf, rowsOf, type Batch } from '../batch.ts';
import type { Operator, RecordPosition } from '../operator.ts';
import type { KeyValueStore } from '../stores/key-value-store.ts';

/** One OVER call: an aggregate over its frame, or a look at one row of it. `at` is where its arguments start in an event. */
export interface BoundOver {
  readonly frame: OverFrame;
  readonly at: number;
  readonly count: number;
  readonly kind: { readonly aggregator: Aggregator } | PickedRow;
}

/** An event of a partition: its time, then the arguments of every call. */
type Event = [time: number, ...args: Value[]];
interface Partition {
  events: Event[];
  /** States of the calls without a bound, which need no events. */
  unbounded: unknown[];
  /** For each call with a bound: where its frame starts, and its state while that can be kept up. */
  running: { start: number; state: unknown }[] | undefined;
}
type Stored = [events: Event[], unbounded: unknown[]];

/**
 * Per-event windows: every row gets, for each call, the value over the rows of its partition up to itself. Rows are ordered by
 * time, then arrival; a late row is answered with its own frame. All frames share one buffer, bounded by the longest.
 */
export class Over implements Operator {
  readonly #store: KeyValueStore<Stored>;
  readonly #partitionBy: (row: Row) => Row;
  readonly #orderBy: (row: Row) => Value;
  readonly #args: (row: Row) => Row;
  readonly #calls: readonly BoundOver[];
  readonly #position: RecordPosition;
  readonly #cache = new Map<string, Partition>();

  constructor(
    store: KeyValueStore<Stored>,
    partitionBy: (row: Row) => Row,
    orderBy: (row: Row) => Value,
    args: (row: Row) => Row,
    calls: readonly BoundOver[],
    position: RecordPosition,
  ) {
    this.#position = position;
    this.#store = store;
    this.#partitionBy = partitionBy;
    this.#orderBy = orderBy;
    this.#args = args;
    this.#calls = calls;
  }

  process([batch]: readonly Batch[]): Batch {
    const changes = rowsOf(batch!);
    const result: Change[] = [];
    for (const change of changes) {
      const { after } = change;
      if (after === undefined) continue;
      this.#position.sequence = change.sequence;
      const time = this.#orderBy(after);
      const partitionKey = this.#partitionBy(after);
      if (time === null || partitionKey.includes(null)) {
        result.push(
          this.#extend(
            change,
            after,
            this.#calls.map(() => null),
          ),
        );
        continue;
      }
      const text = keyText(partitionKey);
      const partition = this.#partition(text);
      const values = this.#answer(partition, [Number(time), ...this.#args(after)]);
      this.#store.put(text, [partition.events, partition.unbounded]);
      result.push(this.#extend(change, after, values));
    }
    if (this.#cache.size > 100_000) this.#cache.clear();
    return batchOf(result);
  }

  #extend(change: Change, row: Row, values: readonly Value[]): Change {
    return new Change(
      change.key,
      undefined,
      [...row, ...values],
      change.timestamp,
      change.sequence,
      change.window,
      change.headers,
    );
  }

  #partition(text: string): Partition {
    let partition = this.#cache.get(text);
    if (partition === undefined) {
      const stored = this.#store.get(text);
      partition = {
        events: stored?.[0] ?? [],
        unbounded: stored?.[1] ?? this.#calls.map((call) => this.#initial(call)),
        running: undefined,
      };
      this.#cache.set(text, partition);
    }
    return partition;
  }

  #initial(call: BoundOver): unknown {
    if (typeof call.kind === 'object' && 'aggregator' in call.kind) return call.kind.aggregator.init();
    return null;
  }

  #answer(partition: Partition, event: Event): Value[] {
    const { events } = partition;
    const late = events.length > 0 && event[0] < events.at(-1)![0];
    let at = events.length;
    while (at > 0 && events[at - 1]![0] > event[0]) at--;
    events.splice(at, 0, event);
    if (late) partition.running = undefined;
    const values = this.#calls.map((call, i) => this.#value(partition, call, i, at, late));
    if (!late) this.#trim(partition);
    return values;
  }

  #value(partition: Partition, call: BoundOver, i: number, at: number, late: boolean): Value {
    const { events } = partition;
    const { kind } = call;
    if (typeof kind === 'object' && 'lag' in kind) return events[at - kind.lag]?.[call.at + 1] ?? null;
    if (kind === 'last') return events[at]![call.at + 1]!;
    if (kind === 'first') {
      if (!isUnbounded(call.frame)) return events[this.#frameStart(events, call.frame, at)]![call.at + 1]!;
      // The first row of all is remembered beside the events, which do not go back that far.
      const first = partition.unbounded[i] as Event | null;
      if (first === null || first[0] > events[at]![0])
        partition.unbounded[i] = [events[at]![0], events[at]![call.at + 1]!];
      return (partition.unbounded[i] as Event)[1] as Value;
    }
    const { aggregator } = kind;
    if (isUnbounded(call.frame)) {
      partition.unbounded[i] = this.#add(aggregator, partition.unbounded[i], events[at]!, call);
      return aggregator.result(partition.unbounded[i] as never);
    }
    const start = this.#frameStart(events, call.frame, at);
    if (late || aggregator.undo === undefined || call.frame.rows !== undefined)
      return aggregator.result(this.#scan(aggregator, events, start, at, call) as never);
    partition.running ??= this.#calls.map(() => ({ start: -1, state: undefined }));
    const running = partition.running[i]!;
    if (running.start < 0 || running.start > start) {
      running.state = this.#scan(aggregator, events, start, at, call);
    } else {
      running.state = this.#add(aggregator, running.state, events[at]!, call);
      for (let j = running.start; j < start; j++)
        running.state = aggregator.undo(running.state as never, ...this.#argsOf(events[j]!, call));
    }
    running.start = start;
    return aggregator.result(running.state as never);
  }

  #argsOf(event: Event, call: BoundOver): [Value, readonly Value[]] {
    if (call.count === 0) return [null, []];
    return [event[call.at + 1]!, call.count === 1 ? [] : event.slice(call.at + 2, call.at + 1 + call.count)];
  }
  #add(aggregator: Aggregator, state: unknown, event: Event, call: BoundOver): unknown {
    return aggregator.add(state as never, ...this.#argsOf(event, call));
  }
  #scan(aggregator: Aggregator, events: readonly Event[], start: number, end: number, call: BoundOver): unknown {
    let state: unknown = aggregator.init();
    for (let j = start; j <= end; j++) state = this.#add(aggregator, state, events[j]!, call);
    return state;
  }

  /** The index of the first event of the frame that ends at `at`. */
  #frameStart(events: readonly Event[], { rangeMs, rows, maxSize }: OverFrame, at: number): number {
    let start = 0;
    if (rangeMs !== undefined) {
      const earliest = events[at]![0] - rangeMs;
      let [low, high] = [0, at];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (events[middle]![0] < earliest) low = middle + 1;
        else high = middle;
      }
      start = low;
    }
    if (rows !== undefined) start = Math.max(start, at - rows);
    if (maxSize !== undefined) start = Math.max(start, at - maxSize + 1);
    return start;
  }

  /** Drops events that no frame of a row in time order can reach. */
  #trim(partition: Partition): void {
    const { events } = partition;
    const at = events.length - 1;
    let needed = at;
    for (const call of this.#calls) {
      if (typeof call.kind === 'object' && 'lag' in call.kind) needed = Math.min(needed, at - call.kind.lag + 1);
      else if (call.kind !== 'last' && !isUnbounded(call.frame))
        needed = Math.min(needed, this.#frameStart(events, call.frame, at));
    }
    needed = Math.max(0, needed);
    // A quarter may be dead before the rest is moved.
    if (needed <= Math.max(16, events.length / 4)) return;
    events.splice(0, needed);
    for (const running of partition.running ?? []) if (running.start >= 0) running.start -= needed;
  }
}

const isUnbounded = (frame: OverFrame): boolean =>
  frame.rangeMs === undefined && frame.rows === undefined && frame.maxSize === undefined;
