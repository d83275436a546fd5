import { Worker } from 'node:worker_threads';
import { workerPath } from '../../util/worker-path.ts';
import { RemoteError, WorkerRpc } from '../../util/worker-rpc.ts';
import type { LoadedModel, OnnxAnswer, OnnxCalls } from './onnx-calls.ts';
import { ScoringError } from './provider.ts';
import { QuickRows } from './quick-rows.ts';
import type { Tensor } from './tensors.ts';

/** How long a worker that is stopped may go on with what it is at. */
const longestCallMs = 10_000;
/** So many quick calls are made before a model is loaded for calls of this thread. */
const callsBefore = 16;
/** Greater models are not loaded here: that takes time, in which this thread does nothing else. */
const mostBytes = 1 << 20;

/** Tensors by name. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** A worker thread with ONNX Runtime. */
export class OnnxWorker {
  readonly #worker: Worker;
  readonly rpc: WorkerRpc<OnnxCalls>;

  constructor() {
    this.#worker = new Worker(workerPath(import.meta.url, 'onnx-worker'));
    this.#worker.unref();
    this.#worker.on('error', (error) => this.rpc.fail(error.message));
    this.rpc = new WorkerRpc(this.#worker, {});
  }

  /** Lets the calls under way end first: ONNX Runtime ends the process when its thread goes while it works. */
  async stop(): Promise<void> {
    const why = 'the worker has been stopped';
    await this.rpc.finish(why, longestCallMs);
    await this.#worker.terminate();
    this.rpc.fail(why);
  }
}

/** ONNX Runtime in the thread that asks, for calls that take less time than telling another thread. */
export class OwnThread {
  #isOpen: boolean;
  /** How many sessions it holds. */
  sessions = 0;

  constructor(isOpen: boolean) {
    this.#isOpen = isOpen;
  }

  /** Whether models may be called here. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Loads a model that a worker has; undefined when it cannot be loaded again, as when its file is another one now. */
  async load({ key }: LoadedModel, path: string, threads: number): Promise<OnnxCalls | undefined> {
    try {
      const { onnxCalls } = await import('./onnx-calls.ts');
      await onnxCalls.load(key, path, threads);
      this.sessions++;
      return onnxCalls;
    } catch {
      return undefined;
    }
  }
  async release(calls: OnnxCalls, { key }: LoadedModel): Promise<void> {
    this.sessions--;
    await calls.release(key);
  }

  /** No further call is made here. */
  close(): void {
    this.#isOpen = false;
  }
}

const buffersOf = (tensors: Tensors): ArrayBuffer[] =>
  Object.values(tensors).flatMap(({ data }) =>
    ArrayBuffer.isView(data) && data.buffer instanceof ArrayBuffer ? data.buffer : [],
  );

/** The session of a file's content in each worker, and in this thread where its calls are quick. */
export class OnnxSession {
  readonly #workers: readonly OnnxWorker[];
  readonly #own: OwnThread;
  readonly #path: string;
  readonly #threads: number;
  readonly #quick = new QuickRows();
  /** Set once it is loaded here, or is being loaded. */
  #loading: Promise<OnnxCalls | undefined> | undefined;
  #here: OnnxCalls | undefined;
  readonly model: LoadedModel;

  private constructor(
    workers: readonly OnnxWorker[],
    model: LoadedModel,
    path: string,
    threads: number,
    own: OwnThread,
  ) {
    this.#workers = workers;
    this.#own = own;
    this.#path = path;
    this.#threads = threads;
    this.model = model;
  }

  static async load(
    workers: readonly OnnxWorker[],
    path: string,
    threads: number,
    own: OwnThread,
  ): Promise<OnnxSession> {
    let model: LoadedModel | undefined;
    const loaded: OnnxWorker[] = [];
    try {
      for (const worker of workers) {
        model = await worker.rpc.call('load', model?.key, path, threads);
        loaded.push(worker);
      }
    } catch (error) {
      if (model !== undefined) await new OnnxSession(loaded, model, path, threads, own).close();
      throw error;
    }
    return new OnnxSession(workers, model!, path, threads, own);
  }

  /** `isEven` tells that calls of as many rows take as much time, and may be made in this thread. */
  async run(feeds: Tensors, fetches: readonly string[], rows: number, isEven: boolean): Promise<Tensors> {
    try {
      if (!isEven) return (await this.#inWorker(feeds, fetches)).tensors;
      const { tensors, ms } =
        this.#here !== undefined && this.#own.isOpen && this.#quick.has(rows)
          ? await this.#here.run(this.model.key, feeds, fetches).catch(refusedHere)
          : await this.#inWorker(feeds, fetches);
      this.#quick.took(rows, ms);
      if (this.#quick.calls >= callsBefore) this.#loadHere();
      return tensors;
    } catch (error) {
      // A value of one row, such as an index, fails the call for all.
      throw error instanceof RemoteError
        ? new ScoringError('BAD_RESPONSE', error.message, { mayBeOneRow: true })
        : error;
    }
  }

  #inWorker(feeds: Tensors, fetches: readonly string[]): Promise<OnnxAnswer> {
    const worker = this.#workers.reduce((best, each) => (each.rpc.waiting < best.rpc.waiting ? each : best));
    return worker.rpc.transfer('run', buffersOf(feeds), this.model.key, feeds, fetches);
  }

  /** Several workers or threads are asked for where the rows are to be scored beside other work. */
  #loadHere(): void {
    if (this.#loading !== undefined || !this.#own.isOpen) return;
    if (this.#workers.length > 1 || this.#threads > 1 || this.model.bytes > mostBytes) return;
    this.#loading = this.#own.load(this.model, this.#path, this.#threads);
    void this.#loading.then((calls) => (this.#here = calls));
  }

  async close(): Promise<void> {
    const here = await this.#loading;
    this.#here = undefined;
    if (here !== undefined) await this.#own.release(here, this.model);
    // A worker that has ended holds no session.
    await Promise.all(this.#workers.map(({ rpc }) => rpc.call('release', this.model.key).catch(() => undefined)));
  }
}

const refusedHere = (error: unknown): never => {
  throw new RemoteError((error as Error).message);
};
