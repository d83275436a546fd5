import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createTopic, produceAll, readAll, startMillrace, type MillraceProcess } from './support.ts';
import { deadlyFolder } from '../support/deadly-functions.ts';

/** Queries that end a node of a cluster: what stands still after two deaths, and what goes on. */

async function until<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  for (const end = Date.now() + 60_000; Date.now() < end;) {
    const found = await ask().catch(() => undefined);
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new TypeError(`waited in vain for ${what}`);
}
const ended = ({ child }: MillraceProcess): Promise<unknown> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => child.once('exit', resolve));
const stateOf = async (node: MillraceProcess, id: string): Promise<string> => {
  const [{ queries }] = (await node.sql('SHOW QUERIES;')) as unknown as [{ queries: { id: string; state: string }[] }];
  return queries.find((query) => query.id === id)!.state;
};

test.each([
  ['SIGABRT', 'at_least_once', "process.kill(process.pid, 'SIGABRT'); for (;;);"],
  ['SIGSEGV', 'exactly_once_v2', "process.kill(process.pid, 'SIGSEGV'); for (;;);"],
])(
  'a query that ended its node twice by %s (%s) starts paused there and says so; others go on; RESUME tries again',
  async (_name, guarantee, code) => {
    const folder = deadlyFolder(code);
    const stamp = `${Date.now()}`;
    const settings = {
      'ksql.extension.dir': join(folder, 'functions'),
      'processing.guarantee': guarantee,
      'commit.interval.ms': '100',
      'ksql.functions.timeout.ms': '60000',
    };
    const begin = (): Promise<MillraceProcess> => startMillrace(`de${stamp}_`, settings, join(folder, 'state'));
    await createTopic(`in_${stamp}`, 2);
    let node = await begin();
    await node.sql(`
      CREATE STREAM s (k STRING KEY, n INT) WITH (KAFKA_TOPIC='in_${stamp}', VALUE_FORMAT='JSON');
      CREATE STREAM hurt WITH (KAFKA_TOPIC='hurt_${stamp}') AS SELECT k, DEADLY(k) AS d, n FROM s;
      CREATE TABLE counted WITH (KAFKA_TOPIC='counted_${stamp}') AS SELECT k, COUNT(*) AS c FROM s GROUP BY k;`);
    const record = (partition: number, key: string): Parameters<typeof produceAll>[1] => [
      { partition, key, value: '{"n":1}', timestamp: 1 },
    ];
    await produceAll(`in_${stamp}`, record(0, 'bad'));
    await ended(node);
    // A node that ends before it serves has ended all the same.
    await begin().then(ended, () => undefined);
    node = await begin();
    await until('the query to stand', async () =>
      (await stateOf(node, 'CSAS_HURT_0')) === 'PAUSED' ? true : undefined,
    );
    const explained = JSON.stringify(await node.sql('EXPLAIN CSAS_HURT_0;'));
    expect(explained).toMatch(
      /the process or its thread ended 2 times while task 0_0 of query CSAS_HURT_0 was at work/,
    );
    // The other partition of the query, and the other query, go on.
    await produceAll(`in_${stamp}`, record(1, 'good'));
    await until('rows of the other partition', async () =>
      (await readAll(`hurt_${stamp}`)).length === 1 ? true : undefined,
    );
    // At least once, a row that was sent when the node ended comes again.
    await until('rows of the other query', async () => {
      const keys = (await readAll(`counted_${stamp}`)).map(({ key }) => String(key));
      return new Set(keys).size === 2 ? true : undefined;
    });
    await node.sql('RESUME CSAS_HURT_0;').catch(() => undefined);
    await ended(node);
    const terminated = async (): Promise<string> => {
      node = await begin();
      return JSON.stringify(await node.sql('TERMINATE CSAS_HURT_0;'));
    };
    // It may end the node once more before that.
    const answer = await terminated().catch(() => ended(node).then(terminated));
    expect(answer).toContain('SUCCESS');
    expect(JSON.stringify(await node.sql('SHOW QUERIES;'))).not.toContain('CSAS_HURT_0');
    await node.kill('SIGTERM');
  },
);

test('a query that ended its thread twice stands; its node and other queries go on; RESUME tries again', async () => {
  // In a thread this ends the thread alone, as a full heap does.
  const folder = deadlyFolder('process.exit(3);');
  const stamp = `${Date.now()}`;
  const settings = {
    'ksql.extension.dir': join(folder, 'functions'),
    'commit.interval.ms': '100',
    'ksql.functions.timeout.ms': '60000',
    'ksql.streams.num.stream.threads': '1',
  };
  await createTopic(`in_${stamp}`, 1);
  const node = await startMillrace(`de${stamp}_`, settings, join(folder, 'state'));
  await node.sql(`
      CREATE STREAM s (k STRING KEY, n INT) WITH (KAFKA_TOPIC='in_${stamp}', VALUE_FORMAT='JSON');
      CREATE STREAM hurt AS SELECT k, DEADLY(k) AS d, n FROM s;
      CREATE STREAM copied WITH (KAFKA_TOPIC='copied_${stamp}', RETENTION_MS=-1) AS SELECT k, n FROM s;`);
  const produce = (key: string): Promise<void> =>
    produceAll(`in_${stamp}`, [{ partition: 0, key, value: '{"n":1}', timestamp: 1 }]);
  const stands = (): Promise<true> =>
    until('the query to stand', async () => (await stateOf(node, 'CSAS_HURT_0')) === 'PAUSED' || undefined);
  // At least once, what the thread had not committed when it ended comes again.
  const copied = (count: number): Promise<true> =>
    until(`${count} rows`, async () => (await readAll(`copied_${stamp}`)).length >= count || undefined);
  await produce('good');
  await copied(1);
  await produce('bad');
  await stands();
  expect(JSON.stringify(await node.sql('EXPLAIN CSAS_HURT_0;'))).toMatch(/its thread ended 2 times while task 0_0/);
  await produce('good');
  await copied(3);
  await node.sql('RESUME CSAS_HURT_0;');
  await until('the query to run', async () => (await stateOf(node, 'CSAS_HURT_0')) !== 'PAUSED' || undefined);
  await stands();
  await produce('good');
  await copied(4);
  await node.kill('SIGTERM');
});
