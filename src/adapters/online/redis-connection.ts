import type * as redisModule from '@redis/client';
import { StoreFailure } from '../../runtime/ports/online-store.ts';
import { checkOutbound, guardedLookup } from '../../util/outbound.ts';
import { secretValue, withoutSecret } from '../../util/secrets.ts';

type RedisModule = typeof redisModule;
const clientOf = (
  module: RedisModule,
  options: Omit<
    Parameters<RedisModule['createClient']>[0] & object,
    'RESP' | 'modules' | 'functions' | 'scripts' | 'commandOptions'
  >,
) => module.createClient({ ...options, RESP: 3 });
export type RedisClient = ReturnType<typeof clientOf>;

const connectMs = 3000;
/** A server that says nothing for so long is given up; a ping in between keeps one that is idle. */
const silentMs = 10_000;
const pingMs = 3000;

/** A connection to a Redis, made at first use and again after it was lost. */
export class RedisConnection {
  readonly #url: string;
  readonly #secret: string | undefined;
  /** Scripts that each connection loads. */
  readonly #scripts: readonly string[];
  #client: Promise<RedisClient> | undefined;

  constructor(url: string, secret: string | undefined, scripts: readonly string[]) {
    this.#url = url;
    this.#secret = secret;
    this.#scripts = scripts;
  }

  /** Does something with the connection; whatever goes wrong is the store's, which may do it another time. */
  async use<T>(work: (client: RedisClient) => Promise<T>): Promise<T> {
    const connecting = (this.#client ??= this.#connect());
    try {
      return await work(await connecting);
    } catch (error) {
      const { message } = error as Error;
      // A script that was flushed is loaded by the next connection.
      if (message.startsWith('NOSCRIPT')) await this.#drop(connecting);
      throw new StoreFailure(`Redis at ${new URL(this.#url).host}: ${this.#told(error as Error)}`, { cause: error });
    }
  }
  #told(error: Error): string {
    const { code } = error as NodeJS.ErrnoException;
    const message = error.message === '' ? (code ?? error.name) : error.message;
    try {
      return withoutSecret(message, this.#secret === undefined ? undefined : secretValue(this.#secret));
    } catch {
      return message;
    }
  }

  async #connect(): Promise<RedisClient> {
    const connecting = this.#client;
    try {
      const url = checkOutbound(this.#url, ['redis:', 'rediss:']);
      const redis = await import('@redis/client');
      const socket = {
        connectTimeout: connectMs,
        socketTimeout: silentMs,
        reconnectStrategy: false,
        lookup: guardedLookup(url),
      } as const;
      const client = clientOf(redis, {
        url: this.#url,
        ...(this.#secret === undefined ? {} : { password: secretValue(this.#secret) }),
        socket: url.protocol === 'rediss:' ? { ...socket, tls: true } : socket,
        pingInterval: pingMs,
        disableOfflineQueue: true,
      });
      // Work that waits for an answer is told of it by itself.
      const lost = (): void => {
        if (this.#lives === client) this.#client = this.#lives = undefined;
      };
      client.on('error', lost);
      client.on('end', lost);
      await client.connect();
      this.#lives = client;
      for (const script of this.#scripts) await client.scriptLoad(script);
      return client;
    } catch (error) {
      if (this.#client === connecting || this.#lives === undefined) this.#client = undefined;
      throw error;
    }
  }
  #lives: RedisClient | undefined;

  async #drop(connecting: Promise<RedisClient>): Promise<void> {
    if (this.#client === connecting) this.#client = this.#lives = undefined;
    const client = await connecting.catch(() => undefined);
    client?.destroy();
  }

  async close(): Promise<void> {
    const connecting = this.#client;
    if (connecting !== undefined) await this.#drop(connecting);
  }
}
