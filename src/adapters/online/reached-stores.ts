import type { OnlineColumn, OnlineStore, OnlineStores, OnlineSpec } from '../../runtime/ports/online-store.ts';
import { FeastRedis, feastScript } from './feast-redis.ts';
import { PlainRedis, plainScript } from './plain-redis.ts';
import { RedisConnection } from './redis-connection.ts';

/** The stores that a thread reaches: one connection to each address. */
export class ReachedStores implements OnlineStores {
  readonly #connections = new Map<string, RedisConnection>();

  open(spec: OnlineSpec, columns: readonly OnlineColumn[]): OnlineStore {
    const connection = this.#connection(spec);
    return spec.layout === 'feast'
      ? new FeastRedis(connection, spec, columns)
      : new PlainRedis(connection, spec, columns);
  }
  #connection({ url, secret }: OnlineSpec): RedisConnection {
    const key = JSON.stringify([url, secret]);
    const known = this.#connections.get(key);
    if (known !== undefined) return known;
    const made = new RedisConnection(url, secret, [plainScript, feastScript]);
    this.#connections.set(key, made);
    return made;
  }

  async close(): Promise<void> {
    for (const connection of this.#connections.values()) await connection.close();
  }
}
