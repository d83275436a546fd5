import type { MessagePort, Worker } from 'node:worker_threads';

/** The functions that one side of the port answers. Arguments and results are sent by structured clone. */
export type Answers<T> = { readonly [K in keyof T]: (...args: never[]) => unknown };

type Message =
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly unknown[]; readonly call?: number }
  | { readonly kind: 'result'; readonly call: number; readonly result: unknown }
  | { readonly kind: 'error'; readonly call: number; readonly error: string };

/** A call that failed in the other thread, or whose thread has ended. */
export class RemoteError extends Error {
  override readonly name = 'RemoteError';
  /** What is asked for lies outside of the thread, and of the records that it works on. */
  readonly retriable = true;
}

/** Typed calls between two threads over one port, in both directions: this side answers `Own` and calls `Remote`. */
export class WorkerRpc<Remote extends Answers<Remote>, Own extends Answers<Own> = object> {
  readonly #port: Worker | MessagePort;
  readonly #own: Own;
  readonly #pending = new Map<number, { resolve: (value: never) => void; reject: (error: RemoteError) => void }>();
  #calls = 0;
  #gone: RemoteError | undefined;
  /** Told when no call is under way any more. */
  #onIdle: (() => void) | undefined;

  constructor(port: Worker | MessagePort, own: Own) {
    this.#port = port;
    this.#own = own;
    port.on('message', (message: Message) => {
      if (message.kind === 'call') void this.#answer(message);
      else this.#settle(message);
    });
  }

  /** The number of calls that have no answer yet. */
  get waiting(): number {
    return this.#pending.size;
  }

  /** Calls the other side; resolves with its answer. */
  call<K extends keyof Remote & string>(
    name: K,
    ...args: Parameters<Remote[K]>
  ): Promise<Awaited<ReturnType<Remote[K]>>> {
    return this.transfer(name, [], ...args);
  }

  /** The same, where memory of the arguments is handed over: it is not copied, and no longer of this side. */
  transfer<K extends keyof Remote & string>(
    name: K,
    memory: readonly ArrayBuffer[],
    ...args: Parameters<Remote[K]>
  ): Promise<Awaited<ReturnType<Remote[K]>>> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone);
    const call = this.#calls++;
    return new Promise((resolve, reject) => {
      this.#pending.set(call, { resolve, reject });
      this.#port.postMessage({ kind: 'call', name, args, call } satisfies Message, memory);
    });
  }

  /** Sends a call without waiting: there is no answer, and errors are not reported back. */
  tell<K extends keyof Remote & string>(name: K, ...args: Parameters<Remote[K]>): void {
    this.#port.postMessage({ kind: 'call', name, args } satisfies Message);
  }

  /** Refuses further calls, and resolves when those under way are answered, or after so long. */
  async finish(message: string, longestMs: number): Promise<void> {
    this.#gone ??= new RemoteError(message);
    if (this.#pending.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, longestMs);
      this.#onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Ends the connection after the other side has ended: pending and later calls fail. */
  fail(message: string): void {
    this.#gone ??= new RemoteError(message);
    for (const { reject } of this.#pending.values()) reject(this.#gone);
    this.#pending.clear();
    this.#onIdle?.();
  }

  async #answer({ name, args, call }: Extract<Message, { kind: 'call' }>): Promise<void> {
    const own = this.#own as Answers<Own> as Record<string, (...args: never[]) => unknown>;
    if (call === undefined) {
      own[name]!(...(args as never[]));
      return;
    }
    try {
      this.#port.postMessage({
        kind: 'result',
        call,
        result: await own[name]!(...(args as never[])),
      } satisfies Message);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.#port.postMessage({ kind: 'error', call, error: text } satisfies Message);
    }
  }

  #settle(message: Exclude<Message, { kind: 'call' }>): void {
    const pending = this.#pending.get(message.call);
    this.#pending.delete(message.call);
    if (message.kind === 'result') pending?.resolve(message.result as never);
    else pending?.reject(new RemoteError(message.error));
    if (this.#pending.size === 0) this.#onIdle?.();
  }
}
