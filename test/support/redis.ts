import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@redis/client';

/** Why tests with a Redis are skipped here; undefined where one is installed. */
export const noRedis: string | undefined =
  spawnSync('redis-server', ['--version']).status === 0 ? undefined : 'redis-server is not installed';

export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((ready) => server.once('listening', ready));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

const clientOf = (url: string) => createClient({ url, RESP: 3 });
export type TestClient = ReturnType<typeof clientOf>;

/** A Redis of this test alone, which can be killed and started again with what it had acknowledged. */
export class TestRedis {
  readonly port: number;
  readonly #folder = mkdtempSync(join(tmpdir(), 'millrace-redis-'));
  readonly #options: readonly string[];
  #process: ChildProcess | undefined;

  private constructor(port: number, options: readonly string[]) {
    this.port = port;
    this.#options = options;
  }
  static async start(...options: string[]): Promise<TestRedis> {
    const redis = new TestRedis(await freePort(), options);
    await redis.start();
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const fixed = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.#folder, '--save', ''];
    const durable = ['--appendonly', 'yes', '--appendfsync', 'always'];
    this.#process = spawn('redis-server', [...fixed, ...durable, ...this.#options], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise<void>((ready, fail) => {
      this.#process!.once('exit', (code) => {
        fail(new Error(`redis-server ended with ${code}`));
      });
      this.#process!.stdout!.on('data', (said: Buffer) => {
        if (said.includes('Ready to accept connections')) ready();
      });
    });
  }
  async kill(): Promise<void> {
    const ended = new Promise((done) => this.#process!.once('exit', done));
    this.#process!.kill('SIGKILL');
    await ended;
  }

  /** What is done with a client of its own. */
  async with<T>(work: (client: TestClient) => Promise<T>): Promise<T> {
    const client = clientOf(this.url);
    client.on('error', () => undefined);
    await client.connect();
    try {
      return await work(client);
    } finally {
      client.destroy();
    }
  }
  /** All hashes under a prefix, as texts. */
  hashes(prefix: string): Promise<Record<string, Record<string, string>>> {
    return this.with(async (client) => {
      const keys = await client.keys(`${prefix}*`);
      const found = await Promise.all(
        keys.sort().map(async (key) => [key.slice(prefix.length), await client.hGetAll(key)] as const),
      );
      return Object.fromEntries(found.map(([key, fields]) => [key, { ...fields }]));
    });
  }
}
