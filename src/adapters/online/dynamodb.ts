import { setTimeout as sleep } from 'node:timers/promises';
import type { AttributeValue, BatchGetItemCommandOutput, DescribeTableCommandOutput } from '@aws-sdk/client-dynamodb';
import type {
  EntityRead,
  EntityWrite,
  OnlineColumn,
  OnlineSpec,
  OnlineStore,
} from '../../runtime/ports/online-store.ts';
import type { Row, Value } from '../../types/sql-type.ts';
import { groupBy } from '../../util/group-by.ts';
import { fieldAttribute, type FieldAttribute } from './attribute-values.ts';
import { requestsAtOnce, type DynamoClient, type DynamoConnection, type DynamoModule } from './dynamodb-connection.ts';
import { entityText } from './field-text.ts';

type Item = Record<string, AttributeValue>;

/** The partition key, and what an item has beside its features. `_expires` is in seconds, as DynamoDB's time to live wants it. */
const keyName = '_key';
const timeName = '_ts';
const expiryName = '_expires';
/** The most keys that one request reads. */
const keysPerRead = 100;
/** How often keys are asked for again that a busy table did not answer for. */
const readAttempts = 6;
const firstPauseMs = 20;

const number = (value: number): AttributeValue => ({ N: String(value) });

interface Field extends FieldAttribute {
  readonly slot: number;
  readonly name: string;
}

/** Entities as items of a table, by the prefix and the entity: one attribute a column. */
export class DynamoStore implements OnlineStore {
  readonly #connection: DynamoConnection;
  readonly #spec: OnlineSpec;
  readonly #table: string;
  readonly #width: number;
  readonly #keySlots: readonly number[];
  readonly #fields: readonly Field[];
  readonly #entity: (key: Row) => string;

  constructor(connection: DynamoConnection, spec: OnlineSpec, columns: readonly OnlineColumn[]) {
    this.#connection = connection;
    this.#spec = spec;
    this.#table = new URL(spec.url).hostname;
    this.#width = columns.length;
    this.#keySlots = spec.key.map((name) => columns.findIndex((column) => column.name === name));
    this.#fields = columns.flatMap(({ name, type }, slot) =>
      this.#keySlots.includes(slot) ? [] : [{ slot, name, ...fieldAttribute(type) }],
    );
    this.#entity = entityText(this.#keySlots.map((slot) => columns[slot]!.type));
  }

  /** The table must be there, with entities by `_key`. */
  async check(): Promise<void> {
    await this.#use(async (client, { DescribeTableCommand }) => {
      const { Table } = await client.send(new DescribeTableCommand({ TableName: this.#table }));
      const why = whyUnfit(Table);
      if (why !== undefined) throw new TypeError(why);
    });
  }

  async write(rows: readonly EntityWrite[]): Promise<void> {
    const byEntity = groupBy(rows, ({ key }) => this.#entity(key));
    await this.#use((client, module) =>
      eachOf([...byEntity.values()], async (ofEntity) => {
        for (const row of ofEntity) await this.#writeUnlessNewer(row, client, module);
      }),
    );
  }
  async #writeUnlessNewer(row: EntityWrite, client: DynamoClient, module: DynamoModule): Promise<void> {
    try {
      await this.#writeOne(row, client, module);
    } catch (error) {
      if ((error as Error).name !== 'ConditionalCheckFailedException') throw error;
    }
  }
  /** A row that has expired is removed at once: what the table's time to live removes, it removes days later. */
  async #writeOne(
    write: EntityWrite,
    client: DynamoClient,
    { PutItemCommand, DeleteItemCommand }: DynamoModule,
  ): Promise<void> {
    const { key, row, time } = write;
    const { ttlMs } = this.#spec;
    const common = { TableName: this.#table, ...this.#unlessNewer(write) };
    const isGone = row === undefined || (ttlMs !== undefined && time + ttlMs <= Date.now());
    if (isGone) await client.send(new DeleteItemCommand({ ...common, Key: this.#keyOf(key) }));
    else await client.send(new PutItemCommand({ ...common, Item: this.#itemOf(write, row) }));
  }
  #keyOf(key: Row): Item {
    return { [keyName]: { S: this.#spec.prefix + this.#entity(key) } };
  }
  #itemOf({ key, time, windowStart, offset }: EntityWrite, row: Row): Item {
    const { version, ttlMs } = this.#spec;
    const item = this.#keyOf(key);
    for (const { name, slot, write } of this.#fields) {
      const value = row[slot]!;
      if (value !== null) item[name] = write(value);
    }
    item[timeName] = number(time);
    item['_ver'] = number(version);
    item['_off'] = number(offset);
    if (windowStart !== undefined) item['_ws'] = number(windowStart);
    if (ttlMs !== undefined) item[expiryName] = number(Math.max(1, Math.ceil((time + ttlMs) / 1000)));
    return item;
  }
  /**
   * The condition that what is stored is not newer: of a later version of the source, or of the same one with a later event time, of an
   * earlier window, or of a later offset, in this order. What one of them has not is passed over.
   */
  #unlessNewer({ time, windowStart, offset }: EntityWrite) {
    const { version, order } = this.#spec;
    const names: Record<string, string> = { '#ver': '_ver', '#off': '_off' };
    const values: Item = { ':ver': number(version), ':off': number(offset) };
    const older = ['attribute_not_exists(#ver)', '#ver < :ver'];
    let same = '#ver = :ver';
    if (order === 'time') {
      names['#ts'] = timeName;
      values[':ts'] = number(time);
      older.push(`${same} AND #ts < :ts`);
      same += ' AND #ts = :ts';
    }
    if (windowStart !== undefined) {
      names['#ws'] = '_ws';
      values[':ws'] = number(windowStart);
      older.push(`${same} AND #ws > :ws`, `${same} AND attribute_not_exists(#ws) AND #off <= :off`);
      same += ' AND #ws = :ws';
    }
    older.push(`${same} AND #off <= :off`);
    return {
      ConditionExpression: older.join(' OR '),
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: values,
    };
  }

  async read(keys: readonly Row[]): Promise<readonly (EntityRead | undefined)[]> {
    const wanted = keys.map((key) => this.#keyOf(key));
    const batches = Array.from({ length: Math.ceil(wanted.length / keysPerRead) }, (_, i) =>
      wanted.slice(i * keysPerRead, (i + 1) * keysPerRead),
    );
    const found = new Map<string, Item>();
    await this.#use((client, module) =>
      eachOf(batches, async (batch) => {
        for (const item of await this.#readBatch(batch, client, module)) found.set(item[keyName]!.S!, item);
      }),
    );
    const now = Date.now();
    return wanted.map((key, i) => {
      const item = found.get(key[keyName]!.S!);
      const expires = item?.[expiryName]?.N;
      if (item === undefined || (expires !== undefined && Number(expires) * 1000 <= now)) return undefined;
      return { row: this.#rowOf(keys[i]!, item), time: Number(item[timeName]!.N) };
    });
  }
  /** Reads what was written last, so that an answer is no older than what the task has committed. */
  async #readBatch(batch: Item[], client: DynamoClient, { BatchGetItemCommand }: DynamoModule): Promise<Item[]> {
    const items: Item[] = [];
    let left: Item[] | undefined = batch;
    for (let attempt = 0; ; attempt++) {
      const answer: BatchGetItemCommandOutput = await client.send(
        new BatchGetItemCommand({ RequestItems: { [this.#table]: { Keys: left, ConsistentRead: true } } }),
      );
      items.push(...(answer.Responses?.[this.#table] ?? []));
      left = answer.UnprocessedKeys?.[this.#table]?.Keys;
      if (left === undefined || left.length === 0) return items;
      if (attempt === readAttempts) throw new TypeError('it is too busy to answer for all entities');
      await sleep(firstPauseMs * 2 ** attempt);
    }
  }
  #rowOf(key: Row, item: Item): Row {
    const row = new Array<Value>(this.#width).fill(null);
    for (const [i, slot] of this.#keySlots.entries()) row[slot] = key[i]!;
    for (const { slot, name, read } of this.#fields) {
      const found = item[name];
      if (found !== undefined) row[slot] = read(found);
    }
    return row;
  }

  async erase(keys: readonly Row[]): Promise<void> {
    await this.#use((client, { DeleteItemCommand }) =>
      eachOf(keys, (key) => client.send(new DeleteItemCommand({ TableName: this.#table, Key: this.#keyOf(key) }))),
    );
  }

  #use<T>(work: (client: DynamoClient, module: DynamoModule) => Promise<T>): Promise<T> {
    return this.#connection.use(this.#table, work);
  }
}

/** Why entities cannot be kept in a table. */
function whyUnfit(table: DescribeTableCommandOutput['Table']): string | undefined {
  const { TableStatus: status, KeySchema: keys = [], AttributeDefinitions: attributes = [] } = table ?? {};
  if (status !== 'ACTIVE' && status !== 'UPDATING') return `it is ${status ?? 'not there'}`;
  const isText = attributes.some((each) => each.AttributeName === keyName && each.AttributeType === 'S');
  return keys.length === 1 && keys[0]!.AttributeName === keyName && isText
    ? undefined
    : `its key must be the partition key ${keyName} of type S alone`;
}

/** Does something with each of a list, some at a time; after a failure nothing more is begun, and what has begun is waited for. */
async function eachOf<T>(list: readonly T[], work: (one: T) => Promise<unknown>): Promise<void> {
  let next = 0;
  let failed = false;
  const run = async (): Promise<void> => {
    while (next < list.length && !failed) {
      try {
        await work(list[next++]!);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const runs = await Promise.allSettled(Array.from({ length: Math.min(requestsAtOnce, list.length) }, run));
  const failure = runs.find((one) => one.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
}
