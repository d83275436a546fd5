import type { EntityWrite, OnlineColumn, OnlineSpec } from '../../runtime/ports/online-store.ts';
import type { Row, Value } from '../../types/sql-type.ts';
import { feastField, feastKey, feastMillis, feastTime, feastValue } from './feast-values.ts';
import type { RedisClient, RedisConnection } from './redis-connection.ts';
import { isStoredNewer, RedisHashes, type HashField } from './redis-hashes.ts';

/**
 * Writes the fields of one view in an entity's hash, which it shares with other views, unless what is stored is newer. ARGV: the
 * field of the order, then version, time, window, offset as in the plain layout, when it expires, and fields with their values, or
 * fields alone where the entity is gone. The hash lives as long as the view that keeps it longest.
 */
export const feastScript = `${isStoredNewer}
local new = {ARGV[2], ARGV[3], ARGV[4], ARGV[5]}
local stored = {}
for part in string.gmatch(redis.call('HGET', KEYS[1], ARGV[1]) or '', '[^ ]+') do stored[#stored + 1] = part end
if isStoredNewer(new, stored) then return 0 end
if ARGV[6] == '-1' then
  redis.call('HDEL', KEYS[1], unpack(ARGV, 7))
  return 1
end
local there = redis.call('EXISTS', KEYS[1]) == 1
redis.call('HSET', KEYS[1], unpack(ARGV, 7))
redis.call('HSET', KEYS[1], ARGV[1], table.concat(new, ' '))
if ARGV[6] == '0' then redis.call('PERSIST', KEYS[1])
elseif there then redis.call('PEXPIREAT', KEYS[1], ARGV[6], 'GT')
else redis.call('PEXPIREAT', KEYS[1], ARGV[6]) end
return 1`;

/** Feast does not know of names without case: what is written without quotes is in lower case there. */
const feastName = (name: string): string => (name === name.toUpperCase() ? name.toLowerCase() : name);

type FeastField = HashField<Buffer> & { readonly write: (value: Value) => Buffer };

/** Entities as Feast's Redis online store keeps them: one hash for all views of a project. The prefix is the project. */
export class FeastRedis extends RedisHashes<Buffer, FeastField> {
  readonly #keyBytes: (key: Row) => Buffer;
  readonly #project: Buffer;
  readonly #orderField: Buffer;
  protected readonly timeField: Buffer;

  constructor(connection: RedisConnection, spec: OnlineSpec, columns: readonly OnlineColumn[]) {
    const view = feastName(spec.view);
    super(connection, spec, columns, {
      script: feastScript,
      fieldOf: ({ name, type }, slot) => ({
        slot,
        name: feastField(`${view}:${feastName(name)}`),
        ...feastValue(type),
      }),
    });
    this.#keyBytes = feastKey(
      this.keySlots.map((slot) => ({ name: feastName(columns[slot]!.name), type: columns[slot]!.type })),
    );
    this.#project = Buffer.from(spec.prefix);
    this.timeField = Buffer.from(`_ts:${view}`);
    this.#orderField = Buffer.from(`_order:${view}`);
  }

  protected keyOf(key: Row): Buffer {
    return Buffer.concat([this.#keyBytes(key), this.#project]);
  }
  protected timeOf(found: Buffer): number {
    return feastMillis(found);
  }

  protected argumentsOf(write: EntityWrite): (string | Buffer)[] {
    const { row, time } = write;
    const head = [this.#orderField, ...this.placeOf(write)];
    if (row === undefined) return [...head, '-1', ...this.#names()];
    return [
      ...head,
      this.expiryOf(write),
      ...this.fields.flatMap(({ name, slot, write: bytesOf }) => [name, bytesOf(row[slot]!)]),
      this.timeField,
      feastTime(time),
    ];
  }
  /** The fields of the view, which shares the hash with others. */
  #names(): Buffer[] {
    return [this.timeField, this.#orderField, ...this.fields.map(({ name }) => name)];
  }

  protected async found(client: RedisClient, keys: readonly Buffer[], names: Buffer[]): Promise<(Buffer | null)[][]> {
    const { RESP_TYPES } = await import('@redis/client');
    const binary = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
    return Promise.all(keys.map((key) => binary.hmGet(key, names)));
  }
  protected remove(client: RedisClient, key: Buffer): Promise<unknown> {
    return client.hDel(key, this.#names());
  }
}
