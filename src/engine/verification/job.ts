import { setTimeout as sleep } from 'node:timers/promises';
import type { QueryObject, SourceObject } from '../../catalog/catalog.ts';
import type { DataFolder } from '../../files/data-folder.ts';
import { openFolder } from '../../files/open-folder.ts';
import { fileEnding, nextOffsets, rangeOf } from '../../files/names.ts';
import { topicsOf } from '../../plan/physical/topology.ts';
import { runSettings } from '../../runtime/run-settings.ts';
import type { Engine } from '../engine.ts';
import { FolderWork } from '../folder-work.ts';
import { fileRows } from '../training/history.ts';
import { AnswerDecoder, endsOf, recordsOf, ViewColumns, type Answer } from './answers.ts';
import { Comparer } from './compare.ts';
import { sides, SideRows } from './entries.ts';
import { orderDependence } from './order.ts';
import { recompute } from './recomputation.ts';
import type { Place, Verification, VerificationProgress, VerificationReport } from './report.ts';
import { SampledEntities } from './sample.ts';
import { Differences, Tally } from './tally.ts';

/** Why a view cannot be verified now. */
class NotVerifiable extends Error {
  override readonly name = 'NotVerifiable';
}

/** What is verified of a view: feature times from the first bound up to the second, and so many entities. */
export interface VerificationRange {
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
  readonly sample: number | undefined;
}

/** What is sorted is in memory up to so many bytes. */
const memoryBytes = 256 << 20;
/** How long a view may need to come to the end of its input. */
const catchUpMs = 60_000;

/**
 * Compares what a view has answered, which its topic has, with a recomputation from its source topics by the same plan on a fresh
 * state, and with its files.
 */
export class VerificationJob implements Verification {
  readonly progress: VerificationProgress = {
    state: 'WAITING',
    answers: 0,
    fileRows: 0,
    recomputedRows: 0,
    error: undefined,
  };
  /** Set when it has ended well. */
  report: VerificationReport | undefined;
  readonly done: Promise<void>;
  readonly #work = new FolderWork('verification', this.progress);
  readonly #view: SourceObject;
  readonly #query: QueryObject;
  readonly #range: VerificationRange;
  readonly #engine: Engine;

  constructor(view: SourceObject, query: QueryObject, range: VerificationRange, engine: Engine) {
    this.#view = view;
    this.#query = query;
    this.#range = range;
    this.#engine = engine;
    this.done = this.#work.run(async (folder) => {
      this.report = await this.#verify(folder);
    });
  }

  async cancel(): Promise<void> {
    this.#work.cancel();
    await this.done;
  }

  async #verify(folder: string): Promise<VerificationReport> {
    const startedAt = Date.now();
    const { progress } = this;
    const view = this.#view;
    const { spec } = view;
    const columns = new ViewColumns(view);
    const ends = await endsOf(topicsOf(this.#query.plan), this.#engine);
    await this.#caughtUp();
    const decoder = new AnswerDecoder(view, columns, this.#engine.schemas);
    const rows = new SideRows(folder, memoryBytes);
    const sampled = new SampledEntities(this.#range.sample, view.featureView?.erased);
    const files = await this.#files();
    progress.state = 'READING ANSWERS';
    const answeredTo = await this.#readAnswers(decoder, rows, sampled, files?.next);
    if (files !== undefined) {
      progress.state = 'READING FILES';
      await this.#readFiles(files.folder, columns, rows, sampled, answeredTo);
    }
    progress.state = 'RECOMPUTING';
    await this.#recompute(decoder, rows, sampled, ends);
    progress.state = 'COMPARING';
    const differences = new Differences();
    const types = columns.entity.map((name) => spec.schema.find((column) => column.name === name)!.type);
    const recomputed = new Tally('recomputed', columns, types, differences);
    const offline = files && new Tally('offline', columns, types, differences);
    const { fromMs = -Infinity, toMs = Infinity, sample } = this.#range;
    const isIn = (time: number): boolean => time >= fromMs && time < toMs;
    const comparer = new Comparer(
      { topic: spec.topic, isTable: spec.kind === 'TABLE', deletes: spec.window === undefined, isIn },
      recomputed,
      offline,
    );
    let count = 0;
    for (const group of rows.groups()) {
      if (++count % 2048 === 0) await this.#work.pause();
      if (sampled.has(group.entity)) comparer.add(group);
    }
    comparer.finish();
    const orderDependent = orderDependence(this.#query.plan) ?? null;
    const isGiven = orderDependent === null;
    const differing = (isGiven ? recomputed.differing : 0) + (offline?.differing ?? 0);
    return {
      view: spec.name,
      result: differing === 0 ? 'CONSISTENT' : 'DIFFERENT',
      orderDependent,
      fromMs: this.#range.fromMs ?? null,
      toMs: this.#range.toMs ?? null,
      sample: sample ?? null,
      differing,
      orderDependentRows: isGiven ? 0 : recomputed.differing,
      answers: comparer.answers,
      recomputed: recomputed.result(),
      offline: offline?.result() ?? null,
      differences: differences.all(),
      startedAt,
      ms: Date.now() - startedAt,
    };
  }

  /** Waits until the view has answered what its sources have had when the verification began. */
  async #caughtUp(): Promise<void> {
    const { id, properties } = this.#query;
    const { node } = this.#engine;
    for (const end = performance.now() + catchUpMs; ; await sleep(10)) {
      await this.#work.pause();
      const status = node.status(id);
      if (status === undefined || status.state === 'ERROR' || status.state === 'PAUSED')
        throw new NotVerifiable(`its query ${id} is ${status?.state ?? 'not running'}`);
      if (status.lag === 0) break;
      if (performance.now() > end) throw new NotVerifiable(`it is ${status.lag} records behind its sources`);
    }
    // What has been processed may still have to be committed.
    await sleep(node.kind === 'embedded' ? 50 : 2 * runSettings(properties).commit.behindMs);
  }

  /** The view's files, and the next offset of each partition that they have not; undefined where there is no offline store. */
  async #files(): Promise<{ readonly folder: DataFolder; readonly next: ReadonlyMap<number, number> } | undefined> {
    const path = this.#engine.catalog.filesOf(this.#view.spec.name)?.path;
    if (path === undefined) return undefined;
    const folder = openFolder(path);
    const next = nextOffsets(await folder.shown(fileEnding));
    // Rows of one range and of several days are in several files, which are shown one after the other.
    await sleep(50);
    return { folder, next };
  }

  async #readAnswers(
    decoder: AnswerDecoder,
    rows: SideRows,
    sampled: SampledEntities,
    inFiles: ReadonlyMap<number, number> | undefined,
  ): Promise<ReadonlyMap<number, number>> {
    const to = new Map<number, number>();
    for await (const records of recordsOf(this.#view.spec.topic, this.#engine)) {
      for (const record of records) {
        const { partition, offset } = record;
        to.set(partition, offset + 1);
        const answer = await decoder.decode(record);
        if (answer === undefined || !this.#isWanted(answer) || !sampled.take(answer.entity)) continue;
        const isPending = offset >= (inFiles?.get(partition) ?? 0);
        rows.add(answer, { side: sides.online, partition, offset, isPending, event: null, file: null });
        if (answer.values !== undefined) this.progress.answers++;
      }
      await this.#work.pause();
    }
    sampled.close();
    return to;
  }
  /** Of a table later rows tell whether an earlier one had to be answered. A stream's record without a value is no answer. */
  #isWanted({ time, values }: Answer): boolean {
    const { fromMs = -Infinity, toMs = Infinity } = this.#range;
    if (this.#view.spec.kind === 'STREAM' && values === undefined) return false;
    return this.#view.spec.kind === 'TABLE' || (time >= fromMs && time < toMs);
  }

  async #readFiles(
    folder: DataFolder,
    { entity, features, isWindowed }: ViewColumns,
    rows: SideRows,
    sampled: SampledEntities,
    answeredTo: ReadonlyMap<number, number>,
  ): Promise<void> {
    const names = features.map(({ name }) => name);
    for (const file of await folder.shown(fileEnding)) {
      const range = rangeOf(file);
      if (range === undefined) continue;
      const { partition } = range;
      for await (const batch of fileRows(folder, file, entity, names)) {
        for (const { key, time, windowStart, offset, values } of batch) {
          if (offset >= (answeredTo.get(partition) ?? 0)) continue;
          const answer = { entity: key, time, windowStart: isWindowed ? windowStart : 0, values };
          if (!this.#isWanted(answer) || !sampled.has(answer.entity)) continue;
          rows.add(answer, { side: sides.offline, partition, offset, isPending: false, event: null, file });
          this.progress.fileRows++;
        }
        await this.#work.pause();
      }
    }
  }

  async #recompute(
    decoder: AnswerDecoder,
    rows: SideRows,
    sampled: SampledEntities,
    ends: ReadonlyMap<string, readonly number[]>,
  ): Promise<void> {
    let number = 0;
    const isPending = (event: Place | undefined): boolean =>
      event !== undefined && event.offset >= (ends.get(event.topic)?.[event.partition] ?? 0);
    for await (const records of recompute(this.#query, this.#view, this.#engine)) {
      for (const { partition, key, value, timestamp, event } of records) {
        const offset = number++;
        const answer = await decoder.decode({ partition, offset, key, value, timestamp, headers: [] });
        if (answer === undefined || !this.#isWanted(answer) || !sampled.has(answer.entity)) continue;
        rows.add(answer, {
          side: sides.recomputed,
          partition,
          offset,
          isPending: isPending(event),
          event: event ?? null,
          file: null,
        });
        this.progress.recomputedRows++;
      }
      await this.#work.pause();
    }
  }
}
