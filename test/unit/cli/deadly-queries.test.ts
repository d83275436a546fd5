import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { root } from '../../support/program.ts';
import { deadlyFolder } from '../../support/deadly-functions.ts';

/** Queries that end or hold the process of an embedded node: each node is a process of its own. */

const children = new Set<ChildProcess>();
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
});

interface Node {
  readonly child: ChildProcess;
  readonly ended: Promise<string>;
  /** The text of an answer; rejects when the node ends before it. */
  sql(text: string): Promise<string>;
  get(path: string): Promise<number>;
}

async function start(folder: string, settings: readonly string[] = []): Promise<Node> {
  const pairs = ['auto.offset.reset=earliest', `ksql.extension.dir=${join(folder, 'functions')}`, ...settings];
  const child = spawn(
    process.execPath,
    [
      join(root, 'bin/millrace.mjs'),
      ...['server', '--state-dir', join(folder, 'state'), '--listeners', 'http://127.0.0.1:0'],
      ...pairs.flatMap((pair) => ['--set', pair]),
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, NODE_OPTIONS: '--max-old-space-size=120' } },
  );
  children.add(child);
  let said = '';
  const ended = new Promise<string>((resolve) =>
    child.once('exit', (code, signal) => {
      children.delete(child);
      resolve(`${code ?? signal}`);
    }),
  );
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const found = /serves (http:\S+)/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
    void ended.then(() => reject(new TypeError(said)));
  });
  return {
    child,
    ended,
    sql: async (text) => (await fetch(`${url}/ksql`, { method: 'POST', body: JSON.stringify({ ksql: text }) })).text(),
    get: async (path) => (await fetch(url + path)).status,
  };
}

const schema = `CREATE STREAM s (k STRING KEY, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);
  CREATE STREAM hurt AS SELECT k, DEADLY(k) AS d, n FROM s;
  CREATE TABLE counted AS SELECT k, COUNT(*) AS c FROM s GROUP BY k;`;
const insert = (...keys: readonly string[]): string =>
  keys.map((k, n) => `INSERT INTO s (k, n) VALUES ('${k}', ${n});`).join(' ');
const query = async (node: Node, id: string): Promise<{ state: string; queryErrors: unknown }> => {
  const [{ queries }] = JSON.parse(await node.sql('SHOW QUERIES;')) as [{ queries: { id: string; state: string }[] }];
  const [{ queryDescription }] = JSON.parse(await node.sql(`EXPLAIN ${id};`)) as [
    { queryDescription: { queryErrors: unknown } },
  ];
  return { state: queries.find((each) => each.id === id)!.state, queryErrors: queryDescription.queryErrors };
};
const until = async <T>(ask: () => Promise<T | undefined>): Promise<T> => {
  for (let i = 0; ; i++) {
    const found = await ask();
    if (found !== undefined) return found;
    if (i > 300) throw new TypeError('waited in vain');
    await sleep(50);
  }
};

test.each([
  ['abort', 'process.abort();'],
  ['a signal', "process.kill(process.pid, 'SIGSEGV'); for (;;);"],
  ['its end', 'process.exit(3);'],
  ['memory', 'const all = []; for (;;) all.push(new Array(1e5).fill(all.length));'],
])(
  'a query that ended the process twice by %s starts paused and says so; RESUME tries again',
  async (_name, code) => {
    const folder = deadlyFolder(code);
    const settings = ['ksql.functions.timeout.ms=60000'];
    const first = await start(folder, settings);
    expect(await first.sql(schema)).not.toContain('error_code');
    void first.sql(insert('good', 'bad', 'more')).catch(() => undefined);
    await first.ended;
    const second = await start(folder, settings);
    await second.ended;
    const third = await start(folder, settings);
    const { state, queryErrors } = await until(async () => {
      const found = await query(third, 'CSAS_HURT_0');
      return found.state === 'PAUSED' ? found : undefined;
    });
    expect(state).toBe('PAUSED');
    expect(JSON.stringify(queryErrors)).toContain('the process or its thread ended 2 times');
    expect((await query(third, 'CTAS_COUNTED_1')).state).toBe('RUNNING');
    await third.sql('RESUME CSAS_HURT_0;').catch(() => undefined);
    await third.ended;
    const fourth = await start(folder, settings);
    const end = await Promise.race([fourth.ended, fourth.sql('TERMINATE CSAS_HURT_0;').catch(() => 'ended')]);
    expect(end).toBeDefined();
  },
  120_000,
);

test('kill -9 while queries work, however often, pauses none', async () => {
  const folder = deadlyFolder('');
  for (let i = 0; i < 4; i++) {
    const node = await start(folder);
    if (i === 0) await node.sql(schema);
    await node.sql(insert(...Array.from({ length: 300 }, (_, n) => `k${n}`)));
    node.child.kill('SIGKILL');
    await node.ended;
  }
  const last = await start(folder);
  expect((await query(last, 'CSAS_HURT_0')).state).toBe('RUNNING');
}, 120_000);

test('SHOW, TERMINATE and SIGTERM are answered while user code hangs at every record', async () => {
  const folder = deadlyFolder('for (;;);');
  const node = await start(folder, ['ksql.functions.timeout.ms=300']);
  await node.sql(schema);
  await node.sql(insert(...Array.from({ length: 2000 }, (_, n) => `bad${n}`)));
  await sleep(1000);
  expect((await query(node, 'CSAS_HURT_0')).state).toBe('RUNNING');
  expect(await node.get('/livez')).toBe(200);
  node.child.kill('SIGTERM');
  expect(await node.ended).toBe('0');
  const next = await start(folder, ['ksql.functions.timeout.ms=300']);
  expect(await next.sql('TERMINATE CSAS_HURT_0;')).toContain('SUCCESS');
  expect(await next.sql('SHOW QUERIES;')).not.toContain('CSAS_HURT_0');
}, 120_000);
