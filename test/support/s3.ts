import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  CreateBucketCommand,
  GetObjectCommand,
  paginateListObjectsV2,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { setAws } from '../../src/util/aws.ts';
import { freePort } from './redis.ts';

const python = process.env['MILLRACE_TEST_MOTO'] ?? 'python3';
/** Why there is no S3 for tests here; empty when there is. */
export const noS3 =
  spawnSync(python, ['-c', 'import moto.server, flask']).status === 0
    ? ''
    : `: ${python} has no moto with its server (MILLRACE_TEST_MOTO names another)`;

const keys = { accessKeyId: 'someone', secretAccessKey: 'a-secret-of-the-operator' };

/**
 * An S3 of this test alone, with one bucket: moto's server. Its objects are in its memory, so that what dies in tests is the way to it:
 * connections break at any byte, and new ones are refused.
 */
export class TestS3 {
  readonly bucket: string;
  #server: ChildProcess | undefined;
  #serverPort = 0;
  #way: Server | undefined;
  #wayPort = 0;
  readonly #sockets = new Set<Socket>();

  private constructor(bucket: string) {
    this.bucket = bucket;
  }
  /** Starts it, with a bucket, and makes it the S3 of this process. */
  static async start(bucket: string): Promise<TestS3> {
    const s3 = new TestS3(bucket);
    s3.#serverPort = await freePort();
    s3.#wayPort = await freePort();
    const at = ['-H', '127.0.0.1', '-p', String(s3.#serverPort)];
    // The rights of who asks are looked at from `refuseAll` on.
    const env = { ...process.env, INITIAL_NO_AUTH_ACTION_COUNT: '1000000000' };
    s3.#server = spawn(python, ['-m', 'moto.server', ...at], { stdio: 'ignore', env });
    for (let left = 600; left > 0; left--) {
      if ((await fetch(`http://127.0.0.1:${s3.#serverPort}/moto-api/`).catch(() => undefined))?.ok === true) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await s3.open();
    s3.use();
    await s3.#with((client) => client.send(new CreateBucketCommand({ Bucket: bucket })));
    return s3;
  }
  get endpoint(): string {
    return `http://127.0.0.1:${this.#wayPort}`;
  }
  /** Makes it the S3 of this process. */
  use(region?: string): void {
    setAws({ endpoints: { s3: this.endpoint }, ...keys, region });
  }
  /** The settings of a node that has it as its S3. */
  get settings(): Readonly<Record<string, string>> {
    return {
      'aws.s3.endpoint': this.endpoint,
      'aws.access.key.id': keys.accessKeyId,
      'aws.secret.access.key': keys.secretAccessKey,
    };
  }

  /** From here on nobody that it does not know may do anything, and it knows nobody. */
  async refuseAll(does: boolean): Promise<void> {
    const body = does ? '0' : '1000000000';
    await fetch(`http://127.0.0.1:${this.#serverPort}/moto-api/reset-auth`, { method: 'POST', body });
  }

  async open(): Promise<void> {
    this.#way = createServer((client) => {
      const server = connect(this.#serverPort, '127.0.0.1');
      for (const socket of [client, server]) {
        this.#sockets.add(socket);
        socket.on('close', () => this.#sockets.delete(socket));
        socket.on('error', () => undefined);
      }
      client.pipe(server).pipe(client);
    });
    await new Promise<void>((resolve) => this.#way!.listen(this.#wayPort, '127.0.0.1', resolve));
  }
  async shut(): Promise<void> {
    const closed = new Promise((resolve) => this.#way!.close(resolve));
    for (const socket of this.#sockets) socket.resetAndDestroy();
    await closed;
  }
  async kill(): Promise<void> {
    await this.shut();
    const ended = new Promise((done) => this.#server!.once('exit', done));
    this.#server!.kill('SIGKILL');
    await ended;
  }

  put(key: string, bytes: Uint8Array | string): Promise<void> {
    return this.#with(async (client) => {
      await client.send(new PutObjectCommand({ Bucket: this.bucket, Key: key, Body: bytes }));
    });
  }
  /** The names of the objects that begin with a prefix, without it. */
  keys(prefix: string): Promise<string[]> {
    return this.#with(async (client) => {
      const names: string[] = [];
      for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket: this.bucket, Prefix: prefix }))
        names.push(...Contents.map(({ Key }) => Key!.slice(prefix.length)));
      return names.sort();
    });
  }
  get(key: string): Promise<Buffer> {
    return this.#with(async (client) => {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: this.bucket, Key: key }));
      return Buffer.from(await Body!.transformToByteArray());
    });
  }
  /** Writes all objects under a prefix into a new folder. */
  async download(prefix: string): Promise<string> {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-downloaded-'));
    for (const name of await this.keys(`${prefix}/`)) {
      const path = join(folder, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, await this.get(`${prefix}/${name}`));
    }
    return folder;
  }
  async #with<T>(work: (client: S3Client) => Promise<T>): Promise<T> {
    const client = new S3Client({
      endpoint: `http://127.0.0.1:${this.#serverPort}`,
      region: 'us-east-1',
      credentials: keys,
      forcePathStyle: true,
    });
    try {
      return await work(client);
    } finally {
      client.destroy();
    }
  }
}
