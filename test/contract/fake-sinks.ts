import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import type { Change } from '../../src/runtime/change.ts';
import type { OnlineStore } from '../../src/runtime/ports/online-store.ts';
import { OnlineSink } from '../../src/runtime/sinks/online.ts';
import { WebhookSink } from '../../src/runtime/sinks/webhook.ts';
import type { StateWriter } from '../../src/runtime/ports/state-backend.ts';
import type { Sink, SinkContext } from '../../src/runtime/sinks/sink.ts';
import type { Destination } from './sink-delivery.ts';

class StoreDown extends Error {
  override readonly name = 'StoreDown';
}

/** A store elsewhere: its calls take time, fail before they are done or afterwards, when they are told to. */
class Store {
  #failing = 0;
  #losing = 0;
  #ms = 0;

  fail(calls: number): void {
    this.#failing = calls;
  }
  lose(calls: number): void {
    this.#losing = calls;
  }
  slow(ms: number): void {
    this.#ms = ms;
  }
  async call<T>(action: () => T): Promise<T> {
    if (this.#ms > 0) await new Promise((resolve) => setTimeout(resolve, this.#ms));
    else await Promise.resolve();
    if (this.#failing > 0) {
      this.#failing--;
      throw new StoreDown();
    }
    const result = action();
    if (this.#losing === 0) return result;
    this.#losing--;
    throw new StoreDown();
  }
}

const numberOf = ({ after }: Change): number => after![1] as number;
/** So many rows wait at most before the task waits for them, beside those of one batch. */
const sendRows = 64;

/** As a key-value store: rows are sent while the task runs, and each replaces the one before of its key. */
export function upsertStore(): Destination {
  const store = new Store();
  const rows = new Map<string, number>();
  let most = 0;
  return {
    guarantee: 'upserts',
    delivered: () => rows,
    fail: (calls) => store.fail(calls),
    lose: (calls) => store.lose(calls),
    slow: (ms) => store.slow(ms),
    held: () => ({ most, bound: sendRows }),
    open: (): Sink => {
      let pending: Change[] = [];
      const send = (): Promise<void> => {
        const batch = pending.splice(0);
        return store.call(() => {
          for (const change of batch) rows.set(String(change.key[0]), numberOf(change));
        });
      };
      return {
        write: (changes) => {
          pending = pending.concat(changes);
          most = Math.max(most, pending.length);
          return changes.length;
        },
        pressure: () => (pending.length >= sendRows ? send() : undefined),
        flush: () => (pending.length === 0 ? undefined : send()),
      };
    },
  };
}

/** As a queue: what was sent cannot be taken back, nor is it known again. */
export function queue(): Destination {
  const store = new Store();
  const sent: number[] = [];
  let most = 0;
  return {
    guarantee: 'atLeastOnce',
    delivered: () => sent,
    fail: (calls) => store.fail(calls),
    lose: (calls) => store.lose(calls),
    slow: (ms) => store.slow(ms),
    held: () => ({ most, bound: sendRows }),
    open: (): Sink => {
      let pending: number[] = [];
      const send = (): Promise<void> => {
        const batch = pending.splice(0);
        return store.call(() => void sent.push(...batch));
      };
      return {
        write: (changes) => {
          pending = pending.concat(changes.map(numberOf));
          most = Math.max(most, pending.length);
          return changes.length;
        },
        pressure: () => (pending.length >= sendRows ? send() : undefined),
        flush: () => (pending.length === 0 ? undefined : send()),
      };
    },
  };
}

/** As files: each commit makes one under a hidden name, notes it in its state, and gives it its own name afterwards. */
export function stagedFiles(): Destination {
  const store = new Store();
  const hidden = new Map<number, readonly number[]>();
  const shown = new Map<number, readonly number[]>();
  return {
    guarantee: 'exactlyOnce',
    delivered: () => [...shown].sort(([a], [b]) => a - b).flatMap(([, numbers]) => numbers),
    fail: (calls) => store.fail(calls),
    lose: (calls) => store.lose(calls),
    open: ({ location }: SinkContext): Sink => {
      const key = Buffer.concat([location.prefix, Buffer.from('last')]);
      const stored = location.backend.getMany([key])[0];
      let last = stored === undefined ? -1 : stored.readInt32BE(0);
      let pending: number[] = [];
      const show = (): void => {
        const numbers = hidden.get(last);
        if (numbers === undefined) return;
        shown.set(last, numbers);
        hidden.delete(last);
      };
      return {
        write: (changes) => {
          pending = pending.concat(changes.map(numberOf));
          return changes.length;
        },
        flush: async (state: StateWriter) => {
          if (pending.length === 0) return;
          const numbers = pending.splice(0);
          await store.call(() => hidden.set(last + 1, numbers));
          last++;
          const bytes = Buffer.alloc(4);
          bytes.writeInt32BE(last);
          state.put(key, bytes);
        },
        committed: show,
        recover: () => {
          show();
          for (const name of hidden.keys()) if (name > last) hidden.delete(name);
          return Promise.resolve();
        },
      };
    },
  };
}

/** What the engine's own sinks of stores write to: one that keeps rows by key, and one server that keeps all. */
export function onlineStore(): Destination {
  const store = new Store();
  const rows = new Map<string, { readonly n: number; readonly offset: number }>();
  const kept: OnlineStore = {
    check: () => Promise.resolve(),
    write: (written) =>
      store.call(() => {
        for (const { key, row, offset } of written) {
          const text = String(key[0]);
          if (offset >= (rows.get(text)?.offset ?? -1)) rows.set(text, { n: row![1] as number, offset });
        }
      }),
    read: () => Promise.resolve([]),
    erase: () => Promise.resolve(),
  };
  return {
    guarantee: 'upserts',
    delivered: () => new Map([...rows].map(([key, { n }]) => [key, n])),
    fail: (calls) => store.fail(calls),
    lose: (calls) => store.lose(calls),
    open: (context) =>
      new OnlineSink(
        context,
        {
          store: 'redis',
          url: '',
          layout: 'plain',
          prefix: '',
          view: 'V',
          key: ['K'],
          order: 'offset',
          version: 1,
          validates: true,
        },
        { open: () => kept, close: () => Promise.resolve() },
      ),
  };
}

export function webhookServer(): Destination {
  const store = new Store();
  const sent: number[] = [];
  const server = createServer((request, response) => {
    void readText(request).then(async (body) => {
      const rows = JSON.parse(body) as { N: number }[];
      const done = await store
        .call(() => sent.push(...rows.map(({ N }) => N)))
        .then(
          () => true,
          () => false,
        );
      response.writeHead(done ? 200 : 503, { connection: 'close' }).end();
    });
  });
  server.listen(0).unref();
  return {
    guarantee: 'atLeastOnce',
    delivered: () => sent,
    fail: (calls) => store.fail(calls),
    lose: (calls) => store.lose(calls),
    open: (context) => {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      return new WebhookSink(context, { url, batchSize: 4, timeoutMs: 5000 });
    },
  };
}
