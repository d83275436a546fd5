import { createHash } from 'node:crypto';
import type {
  EntityRead,
  EntityWrite,
  OnlineColumn,
  OnlineSpec,
  OnlineStore,
} from '../../runtime/ports/online-store.ts';
import type { Row, Value } from '../../types/sql-type.ts';
import type { RedisClient, RedisConnection } from './redis-connection.ts';

/** What stands in a script for a part of the place of a row that it has not. */
const none = '-';

/**
 * Lua: whether what is stored is newer than what is written: of a later version of the source, or of the same one with a later event time,
 * of an earlier window, or of a later offset, in this order. What one of them has not is passed over.
 */
export const isStoredNewer = `
local function isStoredNewer(new, stored)
  for i = 1, 4 do
    local a, b = tonumber(new[i]), tonumber(stored[i] or '')
    if a and b and a ~= b then return (a < b) ~= (i == 3) end
  end
  return false
end`;

/** A field of a hash: the column's slot, its name there, and what its values are. */
export interface HashField<T> {
  readonly slot: number;
  readonly name: T;
  readonly read: (found: T) => Value;
}

/** Entities of which each has its fields in a hash of Redis; what the fields are and hold is the layout's. */
export abstract class RedisHashes<T extends string | Buffer, F extends HashField<T>> implements OnlineStore {
  readonly #connection: RedisConnection;
  readonly #sha: string;
  readonly #width: number;
  protected readonly spec: OnlineSpec;
  protected readonly keySlots: readonly number[];
  protected readonly fields: readonly F[];

  constructor(
    connection: RedisConnection,
    spec: OnlineSpec,
    columns: readonly OnlineColumn[],
    layout: { readonly script: string; readonly fieldOf: (column: OnlineColumn, slot: number) => F },
  ) {
    this.#connection = connection;
    this.#sha = createHash('sha1').update(layout.script).digest('hex');
    this.#width = columns.length;
    this.spec = spec;
    this.keySlots = spec.key.map((name) => columns.findIndex((column) => column.name === name));
    this.fields = columns.flatMap((column, slot) =>
      this.keySlots.includes(slot) ? [] : [layout.fieldOf(column, slot)],
    );
  }

  protected abstract keyOf(key: Row): T;
  /** The script's arguments: the place of the row, when it expires (0: never; -1: the entity is gone), and its fields. */
  protected abstract argumentsOf(write: EntityWrite): (string | Buffer)[];
  /** The field of the event time. */
  protected abstract readonly timeField: T;
  protected abstract timeOf(found: T): number;
  /** The values of fields of hashes, in order. */
  protected abstract found(
    client: RedisClient,
    keys: readonly T[],
    names: readonly T[],
  ): Promise<readonly (readonly (T | null)[])[]>;
  protected abstract remove(client: RedisClient, key: T): Promise<unknown>;

  async check(): Promise<void> {
    await this.#connection.use((client) => client.ping());
  }

  async write(rows: readonly EntityWrite[]): Promise<void> {
    await this.#connection.use((client) =>
      Promise.all(
        rows.map((row) => client.evalSha(this.#sha, { keys: [this.keyOf(row.key)], arguments: this.argumentsOf(row) })),
      ),
    );
  }
  /** The four that `isStoredNewer` compares. */
  protected placeOf({ time, windowStart, offset }: EntityWrite): string[] {
    const { version, order } = this.spec;
    return [
      String(version),
      order === 'time' ? String(time) : none,
      windowStart === undefined ? none : String(windowStart),
      String(offset),
    ];
  }
  protected expiryOf({ time }: EntityWrite): string {
    const { ttlMs } = this.spec;
    return ttlMs === undefined ? '0' : String(Math.max(1, time + ttlMs));
  }

  async read(keys: readonly Row[]): Promise<readonly (EntityRead | undefined)[]> {
    const names = [this.timeField, ...this.fields.map(({ name }) => name)];
    const hashes = keys.map((key) => this.keyOf(key));
    const found = await this.#connection.use((client) => this.found(client, hashes, names));
    return found.map(([time, ...values], i) =>
      time == null ? undefined : { row: this.#row(keys[i]!, values), time: this.timeOf(time) },
    );
  }
  #row(key: Row, values: readonly (T | null)[]): Row {
    const row = new Array<Value>(this.#width).fill(null);
    for (const [i, slot] of this.keySlots.entries()) row[slot] = key[i]!;
    for (const [i, { slot, read }] of this.fields.entries()) {
      const value = values[i];
      if (value != null) row[slot] = read(value);
    }
    return row;
  }

  async erase(keys: readonly Row[]): Promise<void> {
    await this.#connection.use((client) => Promise.all(keys.map((key) => this.remove(client, this.keyOf(key)))));
  }
}
