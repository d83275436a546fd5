import { join } from 'node:path';
import { bindTrainingSet, type BoundTrainingSet, type PointInTimeJoin } from '../../bind/training-set.ts';
import { isEvaluatedAtRead, type TrainingSet } from '../../catalog/catalog.ts';
import { compileExpression, compilePredicate, compileProjection } from '../../expressions/compile.ts';
import { slotsIn } from '../../expressions/node.ts';
import { Sorter } from '../../files/sorter.ts';
import { hasNull } from '../../runtime/change.ts';
import { decodeValue, encodeValue } from '../../runtime/codec.ts';
import { versionOrder } from '../../specs/row-order.ts';
import type { QueryNode } from '../../syntax/query.ts';
import type { Row, Value } from '../../types/sql-type.ts';
import type { Engine } from '../engine.ts';
import { FolderWork } from '../folder-work.ts';
import type { Session } from '../session.ts';
import type { BackgroundJob, TrainingProgress } from './progress.ts';
import { AtReadMatch } from './at-read.ts';
import { historyOf, type HistoryRow } from './history.ts';
import { ordered, PointInTimeMatch, type ViewMatch } from './match.ts';
import { TrainingFiles } from './output.ts';
import { openSpine, type Spine } from './spine.ts';

/** What is sorted is in memory up to so many bytes, over all sorts of a job. */
const memoryBytes = 256 << 20;

/** Makes a training set: reads the spine and the history of each view, sorts them by key and time, and writes the joined rows. */
export class TrainingJob implements BackgroundJob {
  readonly progress: TrainingProgress = {
    state: 'READING SPINE',
    spineRows: 0,
    historyRows: 0,
    rowsWritten: 0,
    error: undefined,
  };
  readonly done: Promise<void>;
  readonly #work = new FolderWork('training', this.progress);
  readonly #engine: Engine;
  readonly #set: TrainingSet;
  readonly #memory: number;

  constructor(set: TrainingSet, bound: BoundTrainingSet, spine: Spine, engine: Engine, memory = memoryBytes) {
    this.#set = set;
    this.#engine = engine;
    this.#memory = memory;
    this.done = this.#work.run((folder) => this.#make(bound, spine, folder));
  }

  /** Stops the job; what it has written so far is not shown. */
  async cancel(): Promise<void> {
    this.#work.cancel();
    await this.done;
  }

  async #make(bound: BoundTrainingSet, spine: Spine, folder: string): Promise<void> {
    const { progress } = this;
    const { joins } = bound;
    const memory = this.#memory / (2 * joins.length + 1);
    const rows = new Sorter(join(folder, 'spine'), memory);
    const used = usedReads(bound);
    const matches = joins.map((each, i) => {
      const reads = used[i]!.map((slot) => each.reads[slot]!);
      return this.#matchOf(each, reads, join(folder, `join-${i}`), memory);
    });
    await this.#readSpine(bound, spine, rows, matches);
    progress.state = 'READING HISTORY';
    for (const match of matches)
      for await (const count of match.read()) {
        progress.historyRows += count;
        await this.#work.pause();
      }
    progress.state = 'MATCHING';
    for (const match of matches) await match.run(() => this.#work.pause());
    progress.state = 'WRITING';
    await this.#write(bound, rows, matches, used);
  }

  #matchOf({ view, keyNames }: PointInTimeJoin, reads: readonly string[], folder: string, memory: number): ViewMatch {
    const engine = this.#engine;
    if (isEvaluatedAtRead(view.featureView)) {
      const query = engine.catalog.fillingQuery(view.spec.name);
      if (query === undefined) throw new TypeError(`the query of ${view.spec.name} was terminated`);
      return new AtReadMatch({ view, query, keys: keyNames, reads }, engine, folder, memory);
    }
    const rules = {
      ttlMs: view.featureView?.ttlMs,
      asKnown: this.#set.asKnown,
      order: versionOrder(view),
    };
    const history = (): AsyncIterable<readonly HistoryRow[]> => historyOf(view, keyNames, reads, engine);
    return new PointInTimeMatch(rules, history, folder, memory);
  }

  async #readSpine(
    { joins }: BoundTrainingSet,
    spine: Spine,
    rows: Sorter,
    matches: readonly ViewMatch[],
  ): Promise<void> {
    const { progress } = this;
    const { fromMs = -Infinity, toMs = Infinity } = this.#set;
    const keys = joins.map((each) => compileProjection(each.keys, () => undefined));
    const times = joins.map(({ asOf }) => compileExpression(asOf, () => undefined));
    for await (const batch of spine.rows()) {
      for (const row of batch) {
        const asked = times.map((time) => time(row));
        const first = asked[0] ?? null;
        if (fromMs > -Infinity || toMs < Infinity)
          if (first === null || Number(first) < fromMs || Number(first) >= toMs) continue;
        const n = progress.spineRows++;
        rows.add(ordered(n), encodeValue(row));
        matches.forEach((match, i) => {
          const key = keys[i]!(row);
          if (asked[i] !== null && !hasNull(key)) match.ask(n, key, Number(asked[i]));
        });
      }
      await this.#work.pause();
    }
  }

  async #write(
    bound: BoundTrainingSet,
    spine: Sorter,
    matches: readonly ViewMatch[],
    used: readonly (readonly number[])[],
  ): Promise<void> {
    const { joins, where, outputs, width } = bound;
    const { path, rowsPerFile } = this.#set;
    let failed = 0;
    const fail = (): void => {
      failed++;
    };
    const passes = where === undefined ? undefined : compilePredicate(where, fail);
    const project = compileProjection(
      outputs.map(({ expr }) => expr),
      fail,
    );
    const files = await TrainingFiles.open(
      path,
      outputs.map(({ name, expr }) => ({ name, type: expr.type })),
      rowsPerFile,
    );
    const found = matches.map((match) => match.found()[Symbol.iterator]());
    const heads = found.map((rows) => rows.next());
    let n = 0;
    for (const { value } of spine.sorted()) {
      const row: Value[] = new Array<Value>(width).fill(null);
      (decodeValue(value) as Row).forEach((of, slot) => (row[slot] = of));
      let isKept = true;
      joins.forEach((each, i) => {
        const head = heads[i]!;
        if (head.done === true || head.value[0] !== n) isKept &&= !each.isInner;
        else {
          place(row, each, used[i]!, head.value[1]);
          heads[i] = found[i]!.next();
        }
      });
      n++;
      if (isKept && (passes === undefined || passes(row))) {
        await files.add(project(row));
        this.progress.rowsWritten = files.count;
      }
      if (n % 1024 === 0) await this.#work.pause();
    }
    await this.#work.pause();
    await files.finish({
      name: this.#set.name,
      statement: this.#set.statement,
      label: this.#set.label ?? null,
      asKnown: this.#set.asKnown,
      spineRows: this.progress.spineRows,
      historyRows: this.progress.historyRows,
      knownLater: matches.reduce((sum, { knownLater }) => sum + knownLater, 0),
      failedExpressions: failed,
      views: joins.map(({ view }) => ({
        name: view.spec.name,
        statement: view.statement,
        ttlMs: view.featureView?.ttlMs ?? null,
      })),
    });
  }
}

/** The columns of each view that the query reads, as places in `reads`. */
function usedReads({ joins, where, outputs }: BoundTrainingSet): number[][] {
  const slots = slotsIn([...outputs.map(({ expr }) => expr), ...(where === undefined ? [] : [where])]);
  return joins.map(({ firstSlot, reads }) =>
    reads.flatMap((_, place) => (slots.has(firstSlot + place) ? [place] : [])),
  );
}

function place(row: Value[], { firstSlot }: PointInTimeJoin, used: readonly number[], values: Row): void {
  used.forEach((slot, i) => (row[firstSlot + slot] = values[i]!));
}

/** Binds the query of a training set, and opens its spine. */
export async function prepareTrainingSet(
  query: QueryNode,
  engine: Engine,
  session: Session,
): Promise<{ readonly bound: BoundTrainingSet; readonly spine: Spine }> {
  const spine = await openSpine(query.from, engine, session);
  return { bound: bindTrainingSet(query, spine.columns, engine.catalog), spine };
}
