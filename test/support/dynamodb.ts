import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateTableCommand,
  DeleteTableCommand,
  DynamoDBClient,
  ScanCommand,
  waitUntilTableExists,
  waitUntilTableNotExists,
  type AttributeValue,
  type ScalarAttributeType,
} from '@aws-sdk/client-dynamodb';
import { setAws } from '../../src/util/aws.ts';
import { freePort } from './redis.ts';

type Item = Record<string, AttributeValue>;

/** A DynamoDB of this test alone, which can be killed and started again with what it had acknowledged. */
export class TestDynamo {
  readonly port: number;
  readonly #folder = mkdtempSync(join(tmpdir(), 'millrace-dynamodb-'));
  #process: ChildProcess | undefined;

  private constructor(port: number) {
    this.port = port;
  }
  /** Starts it, with a table, and makes it the DynamoDB of this process. */
  static async start(table: string): Promise<TestDynamo> {
    const dynamo = new TestDynamo(await freePort());
    await dynamo.start();
    setAws({
      endpoints: { dynamodb: dynamo.endpoint },
      accessKeyId: 'someone',
      secretAccessKey: 'a-secret-of-the-operator',
    });
    await dynamo.create(table);
    return dynamo;
  }
  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const cli = createRequire(import.meta.url).resolve('dynalite/cli.js');
    const at = ['--port', String(this.port), '--host', '127.0.0.1', '--path', this.#folder];
    const atOnce = ['--createTableMs', '1', '--deleteTableMs', '1'];
    this.#process = spawn(process.execPath, [cli, ...at, ...atOnce], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise<void>((ready, fail) => {
      this.#process!.once('exit', (code) => {
        fail(new Error(`dynalite ended with ${code}`));
      });
      this.#process!.stdout!.on('data', (said: Buffer) => {
        if (said.includes('listening')) ready();
      });
    });
  }
  async kill(): Promise<void> {
    const ended = new Promise((done) => this.#process!.once('exit', done));
    this.#process!.kill('SIGKILL');
    await ended;
  }

  /** Makes a table whose items are found by a key. */
  async create(table: string, key = '_key', type: ScalarAttributeType = 'S'): Promise<void> {
    await this.#with(async (client) => {
      await client.send(
        new CreateTableCommand({
          TableName: table,
          KeySchema: [{ AttributeName: key, KeyType: 'HASH' }],
          AttributeDefinitions: [{ AttributeName: key, AttributeType: type }],
          BillingMode: 'PAY_PER_REQUEST',
        }),
      );
      await waitUntilTableExists({ client, minDelay: 1, maxWaitTime: 60 }, { TableName: table });
    });
  }
  async drop(table: string): Promise<void> {
    await this.#with(async (client) => {
      await client.send(new DeleteTableCommand({ TableName: table }));
      await waitUntilTableNotExists({ client, minDelay: 1, maxWaitTime: 60 }, { TableName: table });
    });
  }
  /** All items of a table under a prefix, by what follows it. */
  items(table: string, prefix: string): Promise<Record<string, Item>> {
    return this.#with(async (client) => {
      const found: Record<string, Item> = {};
      let from: Item | undefined;
      do {
        const page: { Items?: Item[] | undefined; LastEvaluatedKey?: Item | undefined } = await client.send(
          new ScanCommand({ TableName: table, ConsistentRead: true, ...(from && { ExclusiveStartKey: from }) }),
        );
        for (const { _key, ...item } of page.Items ?? [])
          if (_key!.S!.startsWith(prefix)) found[_key!.S!.slice(prefix.length)] = item;
        from = page.LastEvaluatedKey;
      } while (from !== undefined);
      return found;
    });
  }
  async #with<T>(work: (client: DynamoDBClient) => Promise<T>): Promise<T> {
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
    const client = new DynamoDBClient({ endpoint: this.endpoint, region: 'us-east-1', credentials });
    try {
      return await work(client);
    } finally {
      client.destroy();
    }
  }
}
