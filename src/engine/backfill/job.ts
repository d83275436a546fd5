import type { QueryObject, SourceObject } from '../../catalog/catalog.ts';
import type { SourceStep } from '../../plan/physical/steps/source.ts';
import { sourcesOf, topicsOf } from '../../plan/physical/topology.ts';
import { keyText, type Change } from '../../runtime/change.ts';
import { ErasedEntities } from '../../runtime/erased-entities.ts';
import type { EntityWrite } from '../../runtime/ports/online-store.ts';
import { fileColumns, FilesSink } from '../../runtime/sinks/files.ts';
import { fileTimes, type FilesSpec } from '../../specs/files.ts';
import { rowOrder } from '../../specs/row-order.ts';
import type { Row, Value } from '../../types/sql-type.ts';
import { ColumnFacts } from '../column-facts.ts';
import type { Engine } from '../engine.ts';
import { FolderWork } from '../folder-work.ts';
import { onlineStore, withStore } from '../online-lookup.ts';
import { RecordDecoder } from '../record-decoder.ts';
import { wholeStep } from '../source-reader.ts';
import { endsOf } from '../verification/answers.ts';
import { orderDependence } from '../verification/order.ts';
import { recompute, type Recomputation, type RecomputedRecord } from '../verification/recomputation.ts';
import { BackfillFolder, type BackfillPlan, type Ends } from './folder.ts';
import { openHistory, type Gap } from './history-reader.ts';
import type { Backfill, BackfillProgress, BackfillRange } from './progress.ts';

/** What tells one backfill from another: its folder says it. */
export const planOfBackfill = (view: SourceObject, range: BackfillRange): BackfillPlan => ({
  backfill: view.spec.name,
  statement: view.statement,
  fromMs: range.fromMs ?? null,
  toMs: range.toMs ?? null,
  readFrom: range.readFrom,
});

/** The offset of what stands before all rows of a view's topic: none of them is replaced by it. */
const beforeAll = -1;
/** How many entities are written into a store at once. */
const storeBatch = 1000;

/**
 * Runs a view's plan again over all that its sources have had, and writes the rows of a range of time into files as the view's own
 * offline store has them. One that ended early is gone on with: it computes again what is in files, and does not write it again.
 */
export class BackfillJob implements Backfill {
  readonly progress: BackfillProgress = {
    state: 'RECOMPUTING',
    events: 0,
    totalEvents: 0,
    rows: 0,
    entities: 0,
    error: undefined,
  };
  readonly range: BackfillRange;
  readonly done: Promise<void>;
  readonly #work = new FolderWork('backfill', this.progress);
  readonly #view: SourceObject;
  readonly #query: QueryObject;
  readonly #engine: Engine;
  readonly #gaps = new Map<string, Gap>();
  readonly #newest = new Map<string, EntityWrite>();

  constructor(view: SourceObject, query: QueryObject, range: BackfillRange, engine: Engine) {
    this.#view = view;
    this.#query = query;
    this.#engine = engine;
    this.range = range;
    this.done = this.#work.run(() => this.#run(new BackfillFolder(range.path, planOfBackfill(view, range))));
  }

  async cancel(): Promise<void> {
    this.#work.cancel();
    await this.done;
  }

  async #run(folder: BackfillFolder): Promise<void> {
    const { progress } = this;
    const startedAt = Date.now();
    const now = await endsOf(topicsOf(this.#query.plan), this.#engine);
    const { ends, isResumed } = await folder.open(Object.fromEntries(now));
    for (const { source } of sourcesOf(this.#query.plan))
      for (const end of ends[source.topic] ?? []) progress.totalEvents += end;
    const step = wholeStep(this.#view.spec);
    const spec = { ...this.#files(), rollMs: Infinity };
    const location = { backend: folder.backend, prefix: Buffer.alloc(0) };
    const sink = new FilesSink({ columns: step.columns, location }, spec);
    await sink.recover();
    const columns = fileColumns(step.columns).slice(0, -fileTimes.length);
    const facts = new ColumnFacts(columns);
    await this.#recompute(step, ends, sink, folder, facts);
    // What is left goes into files with fewer rows.
    spec.rollMs = 0;
    await commit(sink, folder);
    if (this.range.materializes) await this.#materialize();
    await folder.finish({
      ...planOfBackfill(this.#view, this.range),
      orderDependent: orderDependence(this.#query.plan) ?? null,
      rows: progress.rows,
      events: progress.events,
      ends,
      gaps: [...this.#gaps.values()],
      entities: this.range.materializes ? progress.entities : null,
      isResumed,
      startedAt,
      ms: Date.now() - startedAt,
      columns: facts.result,
    });
  }

  #files(): FilesSpec {
    const { path, rowsPerFile } = this.range;
    return { path, rowsPerFile, rollMs: Infinity, time: this.#view.featureView!.timestamp };
  }

  async #recompute(
    step: SourceStep,
    ends: Ends,
    sink: FilesSink,
    folder: BackfillFolder,
    facts: ColumnFacts,
  ): Promise<void> {
    const { progress } = this;
    const decoder = new RecordDecoder(step, this.#engine.schemas);
    const slot = (name: string): number => step.columns.findIndex((column) => column.name === name);
    const timeAt = slot(this.#view.featureView!.timestamp ?? 'ROWTIME');
    const valuesAt = fileColumns(step.columns)
      .slice(0, -fileTimes.length)
      .map(({ name }) => slot(name));
    const { fromMs = -Infinity, toMs = Infinity, rowsPerFile } = this.range;
    const { partitions } = this.#view.spec;
    const erased = new ErasedEntities({ list: this.#view.featureView!.erased ?? [] });
    const isTable = rowOrder(this.#view.spec) === 'offset';
    const next = new Array<number>(partitions).fill(0);
    let uncommitted = 0;
    for await (const records of recompute(this.#query, this.#view, this.#engine, this.#source())) {
      const changes: Change[] = [];
      for (const record of records) {
        if (isBeyond(record, ends)) continue;
        // A row without a key is in any partition of the topic: here in that of its event, which is the same one every time.
        const partition = record.key === null ? (record.event?.partition ?? 0) % partitions : record.partition;
        const change = await decoder.decode({ ...record, partition, offset: next[partition]!, headers: [] });
        if (change === undefined) continue;
        const { after } = change;
        const time = Number(after?.[timeAt] ?? change.timestamp);
        const entity = this.#entityOf(change, slot);
        if (time < fromMs || time >= toMs) {
          // A table has no row of it any more, or another one.
          if (isTable && (after === undefined || time < fromMs)) this.#newest.delete(keyText(entity));
          continue;
        }
        // The topics of its sources still have what is known of it.
        if (erased.has(entity)) continue;
        next[partition]!++;
        changes.push(change);
        if (this.range.materializes) this.#keepNewest(entity, change, time, slot);
        if (after === undefined) continue;
        progress.rows++;
        facts.add(valuesAt.map((at) => after[at]!));
      }
      uncommitted += sink.write(changes);
      await sink.pressure();
      if (uncommitted >= rowsPerFile) {
        await commit(sink, folder);
        uncommitted = 0;
      }
      await this.#work.pause();
    }
  }

  /** All that the sources have had, whenever the view began. */
  #source(): Recomputation {
    return {
      open: (source) =>
        openHistory(source, this.range.readFrom, this.#engine, (gap) =>
          this.#gaps.set(`${gap.topic}/${gap.partition}/${gap.from}`, gap),
        ),
      properties: { ...this.#query.properties, 'auto.offset.reset': 'earliest' },
      onRead: (records) => (this.progress.events = records),
    };
  }

  #entityOf({ key, after }: Change, slot: (name: string) => number): Row {
    const { spec, featureView } = this.#view;
    const keys = spec.schema.filter(({ role }) => role === 'key').map(({ name }) => name);
    return featureView!.entityKey.map(
      (name): Value => (after === undefined ? key[keys.indexOf(name)] : after[slot(name)]) ?? null,
    );
  }

  /** Of windows of one time the one that starts first counts, as in the store. */
  #keepNewest(key: Row, { after }: Change, time: number, slot: (name: string) => number): void {
    const { spec } = this.#view;
    const startAt = slot('WINDOWSTART');
    const windowStart = startAt < 0 ? undefined : Number(after?.[startAt]);
    const text = keyText(key);
    if (rowOrder(spec) === 'time') {
      const known = this.#newest.get(text);
      if (known !== undefined && known.time > time) return;
      if (known?.time === time && (known.windowStart ?? 0) < (windowStart ?? 0)) return;
    }
    const row = after && spec.schema.map(({ name }): Value => after[slot(name)] ?? null);
    this.#newest.set(text, { key, row, time, windowStart, offset: beforeAll });
  }

  async #materialize(): Promise<void> {
    this.progress.state = 'MATERIALIZING';
    const store = onlineStore(this.#view, this.#engine);
    const rows = [...this.#newest.values()].filter(({ row }) => row !== undefined);
    for (let at = 0; at < rows.length; at += storeBatch) {
      const batch = rows.slice(at, at + storeBatch);
      if (store !== undefined) await withStore(this.#view, () => store.write(batch));
      this.progress.entities += batch.length;
      await this.#work.pause();
    }
  }
}

/** What came of records that were not there yet when the backfill began. */
function isBeyond({ event }: RecomputedRecord, ends: Ends): boolean {
  return event !== undefined && event.offset >= (ends[event.topic]?.[event.partition] ?? 0);
}

/** Shows the files that are full: their names are durable first. */
async function commit(sink: FilesSink, folder: BackfillFolder): Promise<void> {
  const { writer } = folder;
  await sink.flush(writer);
  await writer.done();
  await sink.committed();
}
