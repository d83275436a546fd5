import type { QueryObject, SourceObject } from '../../catalog/catalog.ts';
import { compileExpression, compileProjection } from '../../expressions/compile.ts';
import { Sorter } from '../../files/sorter.ts';
import { eventPlans, type EventPlans } from '../../plan/physical/read-evaluation.ts';
import { rowsOf } from '../../runtime/batch.ts';
import { asWritten, type WrittenRow } from '../../runtime/as-written.ts';
import { Change, hasNull, keyText } from '../../runtime/change.ts';
import { decodeValue, encodeValue } from '../../runtime/codec.ts';
import { ErasedEntities } from '../../runtime/erased-entities.ts';
import { evaluatedAt } from '../../runtime/evaluated-at.ts';
import { ignoreFailures } from '../../runtime/failures.ts';
import { runSettings } from '../../runtime/run-settings.ts';
import type { StepColumn } from '../../plan/physical/steps/base.ts';
import { LocalTopology } from '../../runtime/topology.ts';
import type { Row } from '../../types/sql-type.ts';
import type { Engine } from '../engine.ts';
import { noState } from '../no-state.ts';
import { rowsAgain } from '../verification/recomputation.ts';
import { ordered, type ViewMatch } from './match.ts';

/** The kinds of entries at one time: an event at exactly the time that is asked for is in its frames. */
const kinds = { event: 0, spine: 1 } as const;
/** So many events go through the operators at once, where no question is among them. */
const batchEvents = 1024;

/** What is asked of a view: its columns, or ROWTIME for the feature time, by an entity in this order. */
export interface AskedOfView {
  readonly view: SourceObject;
  readonly query: QueryObject;
  readonly keys: readonly string[];
  readonly reads: readonly string[];
}

/**
 * The rows of a view with EVAL='AT_READ' for the rows of the spine: its frames as they are at each time that is asked for, as a read at
 * that time had them. What its sources have had runs through its plan again, up to its window function, which drops what was too late;
 * these events and the questions are sorted together by time, on disk where they are many, and go through the same operators.
 * In memory are the frames of the entities of the spine.
 */
export class AtReadMatch implements ViewMatch {
  readonly #of: AskedOfView;
  readonly #plans: EventPlans;
  readonly #engine: Engine;
  readonly #entries: Sorter;
  readonly #found: Sorter;
  /** The keys of frames that are asked for. */
  readonly #asked = new Set<string>();
  readonly #erased: ErasedEntities;
  readonly #newest = new Map<string, Change>();
  knownLater = 0;

  constructor(of: AskedOfView, engine: Engine, folder: string, memory: number) {
    this.#of = of;
    this.#plans = eventPlans(of.query.plan, of.keys);
    this.#engine = engine;
    this.#erased = new ErasedEntities({ list: of.view.featureView!.erased ?? [] });
    this.#entries = new Sorter(`${folder}/entries`, memory);
    this.#found = new Sorter(`${folder}/found`, memory);
  }

  ask(n: number, key: Row, time: number): void {
    this.#asked.add(keyText(this.#plans.key.map((slot) => key[slot]!)));
    this.#entries.add(entryKey(time, kinds.spine, n), encodeValue([n, time, key]));
  }

  async *read(): AsyncIterable<number> {
    const { events, orderBy, partitionBy, width } = this.#plans;
    const { query } = this.#of;
    const timeOf = compileExpression(orderBy, () => undefined);
    const partitionOf = compileProjection(partitionBy, () => undefined);
    let n = 0;
    for await (const rows of rowsAgain(events, query, this.#engine)) {
      for (const { key, after, timestamp } of rows) {
        const time = timeOf(after!);
        if (time === null || !this.#asked.has(keyText(partitionOf(after!)))) continue;
        this.#entries.add(
          entryKey(Number(time), kinds.event, n++),
          encodeValue([key, after!.slice(0, width), timestamp]),
        );
      }
      yield rows.length;
    }
  }

  async run(pause: () => Promise<void>): Promise<void> {
    const { evaluated, inlet } = this.#plans;
    const { query, view, reads } = this.#of;
    const topology = new LocalTopology(evaluated, {
      backend: noState,
      statePrefix: 'training',
      partitions: 1,
      settings: runSettings({ ...query.properties, 'cache.max.bytes.buffering': '0' }),
      models: undefined,
      failures: ignoreFailures,
    });
    const ttlMs = view.featureView!.ttlMs ?? Infinity;
    const slots = slotsOf(this.#of, evaluated.root.columns);
    const written = asWritten(evaluated.root.columns, view.spec);
    const into = topology.inlet(inlet, 0);
    const take = async (): Promise<void> => {
      if (into.changes.length === 0) return;
      for (const change of rowsOf(await topology.run())) this.#keep(change, slots, written);
      for (const piece of topology.drain())
        for (const change of rowsOf(await piece)) this.#keep(change, slots, written);
    };
    let count = 0;
    for (const { key: place, value } of this.#entries.sorted()) {
      if (++count % 4096 === 0) await pause();
      if (place[8] === kinds.event) {
        const [key, row, timestamp] = decodeValue(value) as [Row, Row, number];
        into.changes.push(new Change(key, undefined, row, timestamp, 0));
        if (into.changes.length >= batchEvents) await take();
        continue;
      }
      await take();
      const [n, time, entity] = decodeValue(value) as [number, number, Row];
      const newest = this.#newest.get(keyText(entity));
      if (newest === undefined || newest.timestamp < time - ttlMs) continue;
      for (const { after, timestamp } of evaluatedAt([newest], evaluated, topology, time)) {
        const values = slots.reads.map((slot, i) => (reads[i] === 'ROWTIME' ? timestamp : after![slot]!));
        this.#found.add(ordered(n), encodeValue([n, values]));
      }
    }
  }

  /** Of an entity the row of the greatest feature time counts, as in the view's state. */
  #keep({ after: row, timestamp }: Change, { entity, erased, time }: Slots, written: WrittenRow | undefined): void {
    const after = written === undefined ? row! : written(row!);
    if (after === undefined) return;
    const key = entity.map((slot) => after[slot]!);
    // The topics of its sources still have what is known of an entity that was erased.
    if (hasNull(key) || this.#erased.has(erased.map((slot) => after[slot]!))) return;
    const text = keyText(key);
    const at = Number(after[time] ?? timestamp);
    const known = this.#newest.get(text);
    if (known === undefined || known.timestamp <= at) this.#newest.set(text, new Change(key, undefined, after, at, 0));
  }

  *found(): Iterable<readonly [n: number, values: Row]> {
    for (const { value } of this.#found.sorted()) yield decodeValue(value) as [number, Row];
  }
}

/** Where the rows of a view have what is asked of them. */
interface Slots {
  readonly entity: readonly number[];
  /** The entity as erasures name it. */
  readonly erased: readonly number[];
  /** -1 where the feature time is the row's. */
  readonly time: number;
  readonly reads: readonly number[];
}
function slotsOf({ view, keys, reads }: AskedOfView, columns: readonly StepColumn[]): Slots {
  const slot = (name: string): number => columns.findIndex((column) => column.name === name);
  const { entityKey, timestamp } = view.featureView!;
  return {
    entity: keys.map(slot),
    erased: entityKey.map(slot),
    time: timestamp === undefined ? -1 : slot(timestamp),
    reads: reads.map(slot),
  };
}

const entryKey = (time: number, kind: number, n: number): Buffer =>
  Buffer.concat([ordered(time), Buffer.from([kind]), ordered(n)]);
