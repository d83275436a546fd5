import { spawn, type ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export type Answer = readonly Record<string, unknown>[];
/** The rows of a pull query. */
export type Rows = readonly (readonly unknown[])[];

/** What a run talks to and hurts: one embedded node, or several nodes of a cluster. */
export interface Nodes {
  start(): Promise<void>;
  sql(text: string): Promise<Answer>;
  rows(text: string): Promise<Rows>;
  /** What can be done to the nodes, by name; each ends when they serve again. */
  readonly faults: Readonly<Record<string, () => Promise<void>>>;
  stop(): Promise<void>;
}

class Refused extends Error {
  override readonly name = 'Refused';
}
const patienceMs = 20_000;

/** A server in a process of its own. */
export class ServerProcess {
  readonly #module: string;
  readonly #args: readonly string[];
  /** Says how far its clock is ahead. */
  readonly #clock: string;
  #child: ChildProcess | undefined;
  #url = '';

  constructor(module: string, clock: string, args: readonly string[]) {
    this.#module = module;
    this.#clock = clock;
    this.#args = ['server', '--listeners', 'http://127.0.0.1:0', '--set', 'auto.offset.reset=earliest', ...args];
  }
  get child(): ChildProcess {
    return this.#child!;
  }

  async start(): Promise<void> {
    const clock = new URL('clock.js', import.meta.url).href;
    const command = ['--import', clock, join(import.meta.dirname, this.#module), ...this.#args];
    const child = spawn(process.execPath, command, {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, CHAOS_CLOCK: this.#clock },
    });
    this.#child = child;
    this.#url = await new Promise<string>((resolve, reject) => {
      let text = '';
      child.stderr!.on('data', (chunk: Buffer) => {
        if (process.env['MILLRACE_DEBUG'] !== undefined) process.stderr.write(`[${child.pid}] ${chunk.toString()}`);
        text = (text + chunk.toString()).slice(-20_000);
        const found = /serves (http:\S+)/.exec(text)?.[1];
        if (found !== undefined) resolve(found);
      });
      child.once('exit', (code) => reject(new Refused(`the node ended with ${code}: ${text}`)));
    });
  }

  async #post(path: string, body: unknown): Promise<string> {
    const signal = AbortSignal.timeout(patienceMs);
    const response = await fetch(this.#url + path, { method: 'POST', body: JSON.stringify(body), signal });
    const text = await response.text();
    if (!response.ok) throw new Refused(text);
    return text;
  }
  async sql(text: string): Promise<Answer> {
    return JSON.parse(await this.#post('/ksql', { ksql: text })) as Answer;
  }
  async rows(text: string): Promise<Rows> {
    const lines = (await this.#post('/query-stream', { sql: text })).trim().split('\n');
    const parsed = lines.map((line) => JSON.parse(line) as unknown);
    const bad = parsed.find((line) => (line as { readonly error_code?: number }).error_code !== undefined);
    if (bad !== undefined) throw new Refused(JSON.stringify(bad));
    return parsed.filter(Array.isArray);
  }

  end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
    return new Promise((resolve) => {
      child.once('exit', () => resolve());
      child.kill(signal);
    });
  }
  async again(signal: NodeJS.Signals): Promise<void> {
    await this.end(signal);
    await this.start();
  }
  async freeze(ms: number): Promise<void> {
    this.child.kill('SIGSTOP');
    await sleep(ms);
    this.child.kill('SIGCONT');
  }
  /** Sets the clock of the node so far ahead of the machine's, or behind it. */
  setClock(ms: number): void {
    writeFileSync(this.#clock, String(ms));
  }
}

/** Half an hour ahead or behind: within what brokers take of the times of records. */
export const clockStep = (random: number): number => Math.round((random - 0.5) * 3_600_000);

/** Topics of tables are compacted all the time. */
const log = { 'log.segment.bytes': 30_000, 'log.cleaner.min.cleanable.ratio': 0.2, 'log.cleaner.backoff.ms': 300 };

/** One embedded node in a process of its own. */
export class EmbeddedNodes implements Nodes {
  readonly #random: () => number;
  readonly #node: ServerProcess;

  constructor(folder: string, random: () => number) {
    const settings = Object.entries(log).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
    this.#node = new ServerProcess('node.js', `${folder}.clock`, ['--state-dir', folder, ...settings]);
    this.#random = random;
  }
  start(): Promise<void> {
    return this.#node.start();
  }
  sql(text: string): Promise<Answer> {
    return this.#node.sql(text);
  }
  rows(text: string): Promise<Rows> {
    return this.#node.rows(text);
  }

  readonly faults = {
    kill: (): Promise<void> => this.#node.again('SIGKILL'),
    restart: (): Promise<void> => this.#node.again('SIGTERM'),
    freeze: (): Promise<void> => this.#node.freeze(100 + this.#random() * 700),
    clock: (): Promise<void> => Promise.resolve(this.#node.setClock(clockStep(this.#random()))),
    fullDisk: async (): Promise<void> => {
      this.#node.child.send('full');
      await sleep(100 + this.#random() * 1500);
      this.#node.child.send('free');
    },
    fullDiskAndKill: async (): Promise<void> => {
      this.#node.child.send('full');
      await sleep(100 + this.#random() * 500);
      await this.faults.kill();
    },
  };

  stop(): Promise<void> {
    return this.#node.end('SIGTERM');
  }
}
