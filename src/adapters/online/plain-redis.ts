import type { EntityWrite, OnlineColumn, OnlineSpec } from '../../runtime/ports/online-store.ts';
import type { Row } from '../../types/sql-type.ts';
import { entityText, fieldText, type FieldText } from './field-text.ts';
import type { RedisClient, RedisConnection } from './redis-connection.ts';
import { isStoredNewer, RedisHashes, type HashField } from './redis-hashes.ts';

/**
 * Writes an entity's hash whole, unless what is stored is newer. ARGV: version, time, window, offset, when it expires (0: never; -1: the
 * entity is gone), then fields and values.
 */
export const plainScript = `${isStoredNewer}
local stored = redis.call('HMGET', KEYS[1], '_ver', '_ts', '_ws', '_off')
if stored[1] and isStoredNewer(ARGV, stored) then return 0 end
redis.call('DEL', KEYS[1])
if ARGV[5] == '-1' then return 1 end
redis.call('HSET', KEYS[1], unpack(ARGV, 6))
if ARGV[5] ~= '0' then redis.call('PEXPIREAT', KEYS[1], ARGV[5]) end
return 1`;

type PlainField = HashField<string> & FieldText;

/** Entities as hashes of texts, under the prefix and the entity: what any client of Redis reads. */
export class PlainRedis extends RedisHashes<string, PlainField> {
  readonly #entity: (key: Row) => string;
  protected readonly timeField = '_ts';

  constructor(connection: RedisConnection, spec: OnlineSpec, columns: readonly OnlineColumn[]) {
    super(connection, spec, columns, {
      script: plainScript,
      fieldOf: ({ name, type }, slot) => ({ name, slot, ...fieldText(type) }),
    });
    this.#entity = entityText(this.keySlots.map((slot) => columns[slot]!.type));
  }

  protected keyOf(key: Row): string {
    return this.spec.prefix + this.#entity(key);
  }
  protected timeOf(found: string): number {
    return Number(found);
  }

  protected argumentsOf(write: EntityWrite): string[] {
    const { row, time, windowStart, offset } = write;
    if (row === undefined) return [...this.placeOf(write), '-1'];
    const written = [...this.placeOf(write), this.expiryOf(write)];
    for (const { name, slot, write: textOf } of this.fields) {
      const value = row[slot]!;
      if (value !== null) written.push(name, textOf(value));
    }
    written.push(this.timeField, String(time), '_ver', String(this.spec.version), '_off', String(offset));
    if (windowStart !== undefined) written.push('_ws', String(windowStart));
    return written;
  }

  protected found(client: RedisClient, keys: readonly string[], names: string[]): Promise<(string | null)[][]> {
    return Promise.all(keys.map((key) => client.hmGet(key, names)));
  }
  protected remove(client: RedisClient, key: string): Promise<unknown> {
    return client.del(key);
  }
}
