import type { OnlineColumn, OnlineStore, OnlineStores, OnlineSpec } from '../../runtime/ports/online-store.ts';
import { DynamoConnection } from './dynamodb-connection.ts';
import { DynamoStore } from './dynamodb.ts';
import { FeastRedis, feastScript } from './feast-redis.ts';
import { PlainRedis, plainScript } from './plain-redis.ts';
import { RedisConnection } from './redis-connection.ts';

type Opener = (spec: OnlineSpec, columns: readonly OnlineColumn[]) => OnlineStore;

/** The stores that a thread reaches: one connection to each address. */
export class ReachedStores implements OnlineStores {
  readonly #connections = new Map<string, RedisConnection>();
  readonly #dynamo = new DynamoConnection();
  readonly #openers: { readonly [S in OnlineSpec['store']]: Opener } = {
    redis: (spec, columns) => {
      const connection = this.#redis(spec);
      return spec.layout === 'feast'
        ? new FeastRedis(connection, spec, columns)
        : new PlainRedis(connection, spec, columns);
    },
    dynamodb: (spec, columns) => new DynamoStore(this.#dynamo, spec, columns),
  };

  open(spec: OnlineSpec, columns: readonly OnlineColumn[]): OnlineStore {
    return this.#openers[spec.store](spec, columns);
  }
  #redis({ url, secret }: OnlineSpec): RedisConnection {
    const key = JSON.stringify([url, secret]);
    const known = this.#connections.get(key);
    if (known !== undefined) return known;
    const made = new RedisConnection(url, secret, [plainScript, feastScript]);
    this.#connections.set(key, made);
    return made;
  }

  async close(): Promise<void> {
    for (const connection of this.#connections.values()) await connection.close();
    await this.#dynamo.close();
  }
}
