import type { MessagePort, Worker } from 'node:worker_threads';

/** The functions that one side answers. What they take and give crosses threads by structured clone. */
export type Answers<T> = { readonly [K in keyof T]: (...args: never[]) => unknown };

type Message =
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly unknown[]; readonly call?: number }
  | { readonly kind: 'result'; readonly call: number; readonly result: unknown }
  | { readonly kind: 'error'; readonly call: number; readonly error: string };

/** A call failed in the other thread, or that thread is gone. */
export class RemoteError extends Error {
  override readonly name = 'RemoteError';
}

/** Typed calls between two threads, both ways over one port: this side answers `Own` and calls `Remote`. */
export class WorkerRpc<Remote extends Answers<Remote>, Own extends Answers<Own> = object> {
  readonly #port: Worker | MessagePort;
  readonly #own: Own;
  readonly #pending = new Map<number, { resolve: (value: never) => void; reject: (error: RemoteError) => void }>();
  #calls = 0;
  #gone: RemoteError | undefined;

  constructor(port: Worker | MessagePort, own: Own) {
    this.#port = port;
    this.#own = own;
    port.on('message', (message: Message) => {
      if (message.kind === 'call') void this.#answer(message);
      else this.#settle(message);
    });
  }

  /** How many calls have no answer yet. */
  get waiting(): number {
    return this.#pending.size;
  }

  /** Calls the other side and waits for its answer. */
  call<K extends keyof Remote & string>(
    name: K,
    ...args: Parameters<Remote[K]>
  ): Promise<Awaited<ReturnType<Remote[K]>>> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone);
    const call = this.#calls++;
    return new Promise((resolve, reject) => {
      this.#pending.set(call, { resolve, reject });
      this.#port.postMessage({ kind: 'call', name, args, call } satisfies Message);
    });
  }

  /** Calls the other side and does not wait: there is no answer, and an error stays there. */
  tell<K extends keyof Remote & string>(name: K, ...args: Parameters<Remote[K]>): void {
    this.#port.postMessage({ kind: 'call', name, args } satisfies Message);
  }

  /** The other side is gone: what waits for it fails, and so does every later call. */
  fail(message: string): void {
    this.#gone ??= new RemoteError(message);
    for (const { reject } of this.#pending.values()) reject(this.#gone);
    this.#pending.clear();
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
  }
}
