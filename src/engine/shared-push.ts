import { noSpan } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { allSteps, factsOf, type PhysicalPlan } from '../plan/physical/step.ts';
import { sourcesOf } from '../plan/physical/topology.ts';
import { AutoResetEvent } from '../util/auto-reset-event.ts';
import { sameData } from '../util/same-data.ts';
import { transientId, type ClientRow, type QueryStream } from './client-rows.ts';
import { readsFromBeginning } from './open-readers.ts';
import type { PushQueries } from './push-queries.ts';

/** From so many equal ones on, further push queries share one evaluation. Those before have their own, which waits for its client. */
const fewest = 8;
/** A client that is more rows behind its evaluation is ended: what it did not take waits in memory. */
const mostWaiting = 50_000;
/** A client that has disconnected is only noticed on a write: an empty batch gives the occasion. */
const pauseMs = 100;

/** What makes push queries equal: they then differ in their LIMIT at most. */
export interface SharedKey {
  readonly plan: PhysicalPlan;
  readonly properties: Readonly<Record<string, string>>;
}
export interface SharedOptions {
  readonly name: string;
  readonly isScalable: boolean;
  readonly limit: number | undefined;
  readonly onEnd: (id: string) => void;
}

/** Whether what a push query gives from now on does not depend on what came before. */
export function isShareable(plan: PhysicalPlan, isScalable: boolean, isEarliest: boolean): boolean {
  const beginsNow = sourcesOf(plan).every(({ source }) => !readsFromBeginning(source, isScalable, isEarliest));
  return beginsNow && allSteps(plan.root).every((step) => factsOf(step).state === 'none');
}

/** The evaluations of push queries that many clients have asked for. */
export class SharedPush {
  readonly #open: { readonly key: SharedKey; readonly evaluation: Evaluation }[] = [];

  /** A client's stream of an evaluation that runs, or of a new one where enough equal queries run; otherwise undefined. */
  async join(
    key: SharedKey,
    options: SharedOptions,
    running: PushQueries,
    open: () => Promise<QueryStream>,
  ): Promise<QueryStream | undefined> {
    const known = this.#find(key);
    if (known !== undefined) return known.join(options);
    if (running.all().filter((query) => isSame(query, key)).length < fewest) return undefined;
    const query = await open();
    const other = this.#find(key);
    if (other !== undefined) {
      query.close();
      return other.join(options);
    }
    const evaluation = new Evaluation(query, () => {
      this.#open.splice(
        this.#open.findIndex((entry) => entry.evaluation === evaluation),
        1,
      );
    });
    this.#open.push({ key, evaluation });
    return evaluation.join(options);
  }
  #find(key: SharedKey): Evaluation | undefined {
    return this.#open.find((entry) => isSame(entry.key, key))?.evaluation;
  }
}

const isSame = (a: SharedKey, b: SharedKey): boolean =>
  sameData(a.properties, b.properties) && sameData(a.plan, b.plan);

/** One evaluation of a push query, for clients that come and go. It ends with the last of them. */
class Evaluation {
  readonly #query: QueryStream;
  readonly #onOver: () => void;
  readonly #clients = new Set<SharedStream>();
  #isOver = false;

  constructor(query: QueryStream, onOver: () => void) {
    this.#query = query;
    this.#onOver = onOver;
    void this.#run();
  }

  join({ name, isScalable, limit, onEnd }: SharedOptions): QueryStream {
    const id = transientId(name, isScalable);
    const client = new SharedStream(id, this.#query.columns, limit, () => {
      if (!this.#clients.delete(client)) return;
      onEnd(id);
      if (this.#clients.size === 0) this.#end();
    });
    this.#clients.add(client);
    return client;
  }

  async #run(): Promise<void> {
    try {
      for await (const rows of this.#query.rows())
        if (rows.length > 0) for (const client of this.#clients) client.take(rows);
    } catch (error) {
      for (const client of this.#clients) client.fail(error as Error);
    }
    this.#end();
  }
  /** Nobody joins it any more. */
  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onOver();
    this.#query.close();
  }
}

/** The rows of a shared evaluation for one client, from when it joined on. */
class SharedStream implements QueryStream {
  readonly id: string;
  readonly kind = 'push';
  readonly columns: QueryStream['columns'];
  finalMessage: string | undefined;
  readonly #limit: number;
  readonly #onClose: () => void;
  readonly #news = new AutoResetEvent();
  #waiting: (readonly ClientRow[])[] = [];
  #count = 0;
  #failure: Error | undefined;
  #isClosed = false;

  constructor(id: string, columns: QueryStream['columns'], limit: number | undefined, onClose: () => void) {
    this.id = id;
    this.columns = columns;
    this.#limit = limit ?? Infinity;
    this.#onClose = onClose;
  }

  take(rows: readonly ClientRow[]): void {
    this.#count += rows.length;
    if (this.#count > mostWaiting) {
      this.#waiting = [];
      this.fail(new SqlError('CLIENT_BEHIND', noSpan, { rows: this.#count }));
    } else this.#waiting.push(rows);
    this.#news.set();
  }
  fail(error: Error): void {
    this.#failure ??= error;
    this.#news.set();
  }

  async *rows(): AsyncIterable<readonly ClientRow[]> {
    let left = this.#limit;
    try {
      while (!this.#isClosed && left > 0) {
        const batches = this.#waiting;
        this.#waiting = [];
        this.#count = 0;
        if (batches.length === 0) {
          if (this.#failure !== undefined) throw this.#failure;
          await this.#news.wait(pauseMs);
          if (this.#waiting.length === 0) yield [];
          continue;
        }
        const rows = (batches.length === 1 ? batches[0]! : batches.flat()).slice(
          0,
          left === Infinity ? undefined : left,
        );
        left -= rows.length;
        if (left <= 0) this.finalMessage = 'Limit Reached';
        yield rows;
      }
      if (left === 0) this.finalMessage = 'Limit Reached';
    } finally {
      this.close();
    }
  }

  close(why?: string): void {
    if (!this.#isClosed) this.finalMessage ??= why;
    this.#isClosed = true;
    this.#news.set();
    this.#onClose();
  }
}
