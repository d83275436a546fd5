import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { InternalError } from '../src/util/internal-error.ts';

/** Frames, windows and joins are short, so that all of their state comes and goes many times. */
const statements = `
  CREATE STREAM payments (k STRING KEY, amount DOUBLE, shop STRING) WITH (kafka_topic='payments', value_format='JSON', partitions=4, retention_ms=120000);
  CREATE STREAM clicks (k STRING KEY, shop STRING) WITH (kafka_topic='clicks', value_format='JSON', partitions=4, retention_ms=120000);
  CREATE STREAM velocity WITH (retention_ms=120000) AS SELECT k, COUNT(*) OVER w AS n, SUM(amount) OVER w AS total, MAX(amount) OVER w AS most FROM payments
    WINDOW w AS (PARTITION BY k ORDER BY ROWTIME RANGE BETWEEN INTERVAL '1' MINUTE PRECEDING AND CURRENT ROW GRACE PERIOD 10 SECONDS);
  CREATE TABLE hopped WITH (retention_ms=120000) AS SELECT k, COUNT(*) AS n FROM payments WINDOW HOPPING (SIZE 30 SECONDS, ADVANCE BY 10 SECONDS, RETENTION 60 SECONDS, GRACE PERIOD 10 SECONDS) GROUP BY k;
  CREATE TABLE sessions WITH (retention_ms=120000) AS SELECT shop, COUNT(*) AS n FROM clicks WINDOW SESSION (10 SECONDS, RETENTION 60 SECONDS, GRACE PERIOD 10 SECONDS) GROUP BY shop;
  CREATE STREAM joined WITH (retention_ms=120000) AS SELECT p.k AS k, p.amount, c.shop FROM payments p JOIN clicks c WITHIN 10 SECONDS GRACE PERIOD 5 SECONDS ON p.k = c.k;
  CREATE TABLE totals AS SELECT k, COUNT(*) AS n, SUM(amount) AS total FROM payments GROUP BY k;
  CREATE FEATURE VIEW spending ENTITY KEY (k) TTL 1 MINUTE WITH (HISTORY='2 MINUTES') AS SELECT k, COUNT(*) AS n FROM payments GROUP BY k;`;

const users = 20_000;
const sampleMs = 15_000;

/** What a node holds at one time. */
interface Sample {
  readonly minute: number;
  readonly rssMb: number;
  readonly files: number;
  readonly diskMb: number;
  readonly rowsIn: number;
  readonly reads: number;
}

/**
 * A node under a steady load for minutes: eight queries with every kind of state, rows by `/inserts-stream`, pull queries and reads of
 * features. Prints its memory, open files and disk as they were, and what their medians in the last quarter are to those of the
 * second: the first is for windows to fill and for code to be compiled.
 */
export async function benchSoak(options: {
  readonly minutes: string;
  readonly rate: string;
  readonly brokers?: string | undefined;
  readonly guarantee: string;
}): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-soak-'));
  const node = start(folder, options);
  try {
    const url = await listening(node);
    await post(`${url}/ksql`, { ksql: statements });
    const samples = await load(url, node.pid!, folder, options);
    for (const sample of samples) console.log(JSON.stringify({ bench: 'soak', ...sample }));
    console.log(JSON.stringify({ bench: 'soak', minutes: Number(options.minutes), ...growth(samples) }));
  } finally {
    node.kill('SIGTERM');
    await new Promise((ended) => node.once('exit', ended));
    rmSync(folder, { recursive: true, force: true });
  }
}

function start(
  folder: string,
  { brokers, guarantee }: { readonly brokers?: string | undefined; readonly guarantee: string },
): ChildProcess {
  const settings = { 'state.dir': folder, listeners: 'http://127.0.0.1:0', 'processing.guarantee': guarantee };
  // What takes days otherwise is to be seen in minutes.
  const log = { 'log.segment.bytes': '1000000', 'log.cleaner.backoff.ms': '5000' };
  const all = { ...settings, ...(brokers === undefined ? log : { 'bootstrap.servers': brokers }) };
  const bin = fileURLToPath(new URL('../../bin/millrace.mjs', import.meta.url));
  const args = Object.entries(all).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
  return spawn(process.execPath, [bin, 'server', ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
}

function listening(node: ChildProcess): Promise<string> {
  let said = '';
  return new Promise((resolve, reject) => {
    node.stderr!.on('data', (chunk: Buffer) => {
      process.stderr.write(chunk);
      said += chunk.toString();
      const url = /serves (\S+)/.exec(said)?.[1];
      if (url !== undefined) resolve(url);
    });
    node.once('exit', () => reject(new InternalError(`the node ended: ${said}`)));
  });
}

async function post(url: string, body: object | string): Promise<string> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: text });
  const answer = await response.text();
  if (!response.ok) throw new InternalError(`${url}: ${response.status} ${answer}`);
  return answer;
}

async function load(
  url: string,
  pid: number,
  folder: string,
  { minutes, rate }: { readonly minutes: string; readonly rate: string },
): Promise<readonly Sample[]> {
  const [begunMs, samples] = [performance.now(), [] as Sample[]];
  let [rowsIn, reads, sampledAt] = [0, 0, begunMs];
  for (let now = begunMs; now < begunMs + Number(minutes) * 60_000; now = performance.now()) {
    const due = Math.floor(((now - begunMs) / 1000) * Number(rate)) - rowsIn;
    for (const target of ['PAYMENTS', 'CLICKS']) {
      const row = (i: number): object => ({
        K: `u${(i * 7919) % users}`,
        SHOP: `s${i % 500}`,
        ...(target === 'CLICKS' ? {} : { AMOUNT: (i % 1000) / 10 }),
      });
      const rows = Array.from({ length: due }, (_, i) => JSON.stringify(row(rowsIn + i)));
      if (due > 0) await post(`${url}/inserts-stream`, [JSON.stringify({ target }), ...rows].join('\n'));
    }
    rowsIn += due;
    const k = `u${(rowsIn * 31) % users}`;
    await post(`${url}/query`, { ksql: `SELECT * FROM totals WHERE k = '${k}';` });
    await post(`${url}/query`, { ksql: `SELECT * FROM hopped WHERE k = '${k}';` });
    await post(`${url}/get-online-features`, { features: ['SPENDING:N'], entities: { K: [k] } });
    reads += 3;
    if (now - sampledAt >= sampleMs) {
      sampledAt = now;
      const minute = Number(((now - begunMs) / 60_000).toFixed(2));
      samples.push({ minute, ...held(pid, folder), rowsIn: 2 * rowsIn, reads });
    }
    await sleep(100);
  }
  return samples;
}

/** By /proc, where there is one. */
function held(pid: number, folder: string): Pick<Sample, 'rssMb' | 'files' | 'diskMb'> {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
  return {
    rssMb: Math.round((pages * 4096) / 1e6),
    files: readdirSync(`/proc/${pid}/fd`).length,
    diskMb: Math.round(bytesIn(folder) / 1e6),
  };
}

function bytesIn(folder: string): number {
  let sum = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true }))
    // Files come and go while they are counted.
    if (entry.isFile()) sum += statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0;
  return sum;
}

function growth(samples: readonly Sample[]): Readonly<Record<string, number>> {
  const quarter = Math.floor(samples.length / 4);
  const of = (from: number, name: 'rssMb' | 'files' | 'diskMb'): number =>
    samples
      .slice(from, from + quarter)
      .map((sample) => sample[name])
      .toSorted((a, b) => a - b)[Math.floor(quarter / 2)]!;
  const ratio = (name: 'rssMb' | 'files' | 'diskMb'): number =>
    Number((of(3 * quarter, name) / of(quarter, name)).toFixed(3));
  return { rss: ratio('rssMb'), files: ratio('files'), disk: ratio('diskMb'), rowsIn: samples.at(-1)!.rowsIn };
}
