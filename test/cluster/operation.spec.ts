import { afterAll, expect, test } from 'vitest';
import {
  createTopic,
  groupOffset,
  produceAll,
  readAll,
  startMillrace,
  withAdmin,
  type MillraceProcess,
} from './support.ts';

/** What an operator's year brings: statements and restarts between records, nodes that come and go, PAUSE and RESUME. */

const nodes = new Set<MillraceProcess>();
afterAll(() => Promise.all([...nodes].map((node) => node.kill('SIGKILL'))));
async function start(...args: Parameters<typeof startMillrace>): Promise<MillraceProcess> {
  const node = await startMillrace(...args);
  nodes.add(node);
  node.child.once('exit', () => nodes.delete(node));
  return node;
}
let stamps = 0;
const stampOf = (): string => `${Date.now()}${stamps++}`;

const events = (from: number, count: number, partitions = 2): Parameters<typeof produceAll>[1] =>
  Array.from({ length: count }, (_, i) => ({
    partition: (from + i) % partitions,
    key: `k${(from + i) % 10}`,
    value: `{"id":${from + i}}`,
    timestamp: 1_700_000_000_000 + from + i,
  }));
const idsOf = async (topic: string): Promise<number[]> =>
  (await readAll(topic)).map(({ value }) => (JSON.parse(value!.toString()) as { ID: number }).ID).sort((a, b) => a - b);
/** Waits for a result of a condition that is not undefined, two minutes at most. */
async function until<T>(what: string, ask: () => Promise<T | undefined> | T | undefined, ms = 120_000): Promise<T> {
  for (const end = Date.now() + ms; Date.now() < end;) {
    const found = await ask();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new TypeError(`waited in vain for ${what}`);
}
const untilIds = (topic: string, count: number): Promise<number[]> =>
  until(`${count} rows in ${topic}`, async () => {
    const ids = await idsOf(topic);
    return ids.length >= count ? ids : undefined;
  });

const source = (topic: string): string =>
  `CREATE STREAM s (k STRING KEY, id BIGINT) WITH (KAFKA_TOPIC='${topic}', VALUE_FORMAT='JSON');`;
const copy = (topic: string): string =>
  `CREATE STREAM c WITH (KAFKA_TOPIC='${topic}', RETENTION_MS=-1) AS SELECT k, id FROM s EMIT CHANGES;`;

test.each(['at_least_once', 'exactly_once_v2'])(
  'with latest a query reads what is produced after the answer to its statement (%s)',
  async (guarantee) => {
    const stamp = stampOf();
    await createTopic(`in_${stamp}`, 2);
    await produceAll(`in_${stamp}`, events(0, 10));
    const node = await start(`op${stamp}_`, { 'auto.offset.reset': 'latest', 'processing.guarantee': guarantee });
    await node.sql(source(`in_${stamp}`));
    await node.sql(copy(`out_${stamp}`));
    await produceAll(`in_${stamp}`, events(10, 20));
    await untilIds(`out_${stamp}`, 20);
    expect(await idsOf(`out_${stamp}`)).toEqual(Array.from({ length: 20 }, (_, i) => i + 10));
    await node.kill('SIGTERM');
  },
);

test('with latest all rows that the first part of a query sends to the next are read', async () => {
  const stamp = stampOf();
  await createTopic(`in_${stamp}`, 2);
  const node = await start(`op${stamp}_`, { 'auto.offset.reset': 'latest', 'commit.interval.ms': '100' });
  await node.sql(source(`in_${stamp}`));
  await node.sql(
    `CREATE TABLE c WITH (KAFKA_TOPIC='out_${stamp}', VALUE_FORMAT='JSON') AS SELECT id % 1000 AS part, COUNT(*) AS id FROM s GROUP BY id % 1000 EMIT CHANGES;`,
  );
  await produceAll(`in_${stamp}`, events(0, 500));
  await untilIds(`out_${stamp}`, 500);
  await node.kill('SIGTERM');
});

test.each(['SIGTERM', 'SIGKILL'] as const)(
  'with latest a node that ends before the first commit (%s) loses nothing of what came after the statement',
  async (signal) => {
    const stamp = stampOf();
    await createTopic(`in_${stamp}`, 2);
    const settings = { 'auto.offset.reset': 'latest', 'commit.interval.ms': '60000' };
    const first = await start(`op${stamp}_`, settings);
    await first.sql(source(`in_${stamp}`));
    await first.sql(copy(`out_${stamp}`));
    await first.kill(signal);
    await produceAll(`in_${stamp}`, events(0, 6));
    const second = await start(`op${stamp}_`, settings);
    await untilIds(`out_${stamp}`, 6);
    expect(new Set(await idsOf(`out_${stamp}`)).size).toBe(6);
    await second.kill('SIGTERM');
  },
);

test('PAUSE, records, RESUME, and a second node that joins and leaves: the first one goes on', async () => {
  const stamp = stampOf();
  await createTopic(`in_${stamp}`, 2);
  const settings = { 'commit.interval.ms': '100' };
  const first = await start(`op${stamp}_`, settings);
  await first.sql(source(`in_${stamp}`) + copy(`out_${stamp}`));
  await produceAll(`in_${stamp}`, events(0, 2000));
  await untilIds(`out_${stamp}`, 2000);
  await first.sql('PAUSE CSAS_C_0;');
  await produceAll(`in_${stamp}`, events(2000, 2000));
  await first.sql('RESUME CSAS_C_0;');
  await untilIds(`out_${stamp}`, 4000);
  const second = await start(`op${stamp}_`, settings);
  await until('the second node to have tasks', async () =>
    (await second.metric('millrace_tasks')) > 0 ? true : undefined,
  );
  await produceAll(`in_${stamp}`, events(4000, 500));
  await untilIds(`out_${stamp}`, 4500);
  await second.kill('SIGTERM');
  await produceAll(`in_${stamp}`, events(4500, 500));
  expect(await untilIds(`out_${stamp}`, 5000)).toHaveLength(5000);
  expect(await first.metric('millrace_records_in_total')).toBeGreaterThan(4000);
  expect(first.child.exitCode).toBe(null);
  await first.kill('SIGTERM');
});

test('a node that nobody asks knows every statement, and takes over the tasks of one that died', async () => {
  const stamp = stampOf();
  await createTopic(`in_${stamp}`, 2);
  const first = await start(`op${stamp}_`);
  const second = await start(`op${stamp}_`);
  await first.sql(source(`in_${stamp}`) + copy(`out_${stamp}`));
  // Metrics and health are read without any wait for commands.
  await until('the tasks of the second node', async () =>
    (await second.metric('millrace_tasks')) > 0 ? true : undefined,
  );
  await first.kill('SIGKILL');
  await produceAll(`in_${stamp}`, events(0, 100));
  await untilIds(`out_${stamp}`, 100);
  await second.kill('SIGTERM');
});

test('statements that several nodes execute at the same time all succeed, one after the other', async () => {
  const stamp = stampOf();
  const two = await Promise.all([start(`op${stamp}_`), start(`op${stamp}_`)]);
  const creates = Array.from({ length: 10 }, (_, i) =>
    two[i % 2]!.sql(
      `CREATE STREAM s${i} (k STRING KEY, id BIGINT) WITH (KAFKA_TOPIC='in${i}_${stamp}', VALUE_FORMAT='JSON', PARTITIONS=1);`,
    ),
  );
  const numbers = (await Promise.all(creates)).map(([answer]) => answer!['commandSequenceNumber']);
  expect(new Set(numbers).size).toBe(10);
  for (const node of two) await node.kill('SIGTERM');
});

test('a request with commandSequenceNumber waits for that command on any node, or is refused', async () => {
  const stamp = stampOf();
  await createTopic(`in_${stamp}`, 2);
  const first = await start(`op${stamp}_`);
  const second = await start(`op${stamp}_`, { 'ksql.server.command.response.timeout.ms': '500' });
  for (let i = 0; i < 5; i++) {
    const [answer] = await first.sql(
      `CREATE STREAM s${i} (k STRING KEY, id BIGINT) WITH (KAFKA_TOPIC='in_${stamp}', VALUE_FORMAT='JSON');`,
    );
    const response = await fetch(`${second.url}/ksql`, {
      method: 'POST',
      body: JSON.stringify({ ksql: `DESCRIBE s${i};`, commandSequenceNumber: answer!['commandSequenceNumber'] }),
    });
    expect(response.status).toBe(200);
  }
  const refused = await fetch(`${second.url}/ksql`, {
    method: 'POST',
    body: JSON.stringify({ ksql: 'SHOW STREAMS;', commandSequenceNumber: 10_000 }),
  });
  const { error_code, code } = (await refused.json()) as { error_code: number; code: string };
  expect([refused.status, error_code, code]).toEqual([503, 50301, 'COMMAND_NOT_REACHED']);
  await first.kill('SIGTERM');
  await second.kill('SIGTERM');
});

test('a query that stands still shows its lag; its group keeps what it has read', async () => {
  const stamp = stampOf();
  await createTopic(`in_${stamp}`, 2);
  const node = await start(`op${stamp}_`, { 'commit.interval.ms': '100' });
  await node.sql(source(`in_${stamp}`) + copy(`out_${stamp}`));
  await produceAll(`in_${stamp}`, events(0, 100));
  await until('the first commit', async () =>
    (await groupOffset(`_millrace-op${stamp}_query_CSAS_C_0`, `in_${stamp}`)) === 100 ? true : undefined,
  );
  await node.sql('PAUSE CSAS_C_0;');
  await produceAll(`in_${stamp}`, events(100, 70));
  await until('a lag of 70', async () => ((await node.metric('millrace_lag_records')) === 70 ? true : undefined));
  const text = await (await fetch(`${node.url}/metrics`)).text();
  expect(text).toContain('millrace_query_state{query="CSAS_C_0",state="PAUSED"} 1');
  await node.kill('SIGTERM');
});

const stateOf = async (node: MillraceProcess, id: string): Promise<string> => {
  const [answer] = await node.sql('SHOW QUERIES EXTENDED;').catch(() => node.sql('SHOW QUERIES;'));
  return JSON.stringify(answer).includes(id) ? JSON.stringify(answer) : '';
};

test('a topic that is deleted under a query is told; others go on; when it is there again, the query reads it', async () => {
  const stamp = stampOf();
  await createTopic(`in_${stamp}`, 2);
  await createTopic(`other_${stamp}`, 1);
  // The topic is deleted before the offsets of its rows are committed.
  const node = await start(`op${stamp}_`, { 'commit.interval.ms': '2000', 'ksql.streams.num.stream.threads': '1' });
  await node.sql(source(`in_${stamp}`) + copy(`out_${stamp}`));
  await node.sql(
    `CREATE STREAM o (k STRING KEY, id BIGINT) WITH (KAFKA_TOPIC='other_${stamp}', VALUE_FORMAT='JSON');
     CREATE STREAM p WITH (KAFKA_TOPIC='outp_${stamp}', RETENTION_MS=-1) AS SELECT k, id FROM o EMIT CHANGES;`,
  );
  await produceAll(`in_${stamp}`, events(0, 50));
  await untilIds(`out_${stamp}`, 50);
  await withAdmin((admin) => admin.deleteTopics({ topics: [`in_${stamp}`] }));
  await until('word of the deleted topic', async () =>
    (await stateOf(node, 'CSAS_C_0')).includes('does not exist') ? true : undefined,
  );
  await new Promise((resolve) => setTimeout(resolve, 2500));
  expect(await stateOf(node, 'CSAS_C_0')).toContain('does not exist');
  await produceAll(`other_${stamp}`, events(0, 10, 1));
  await untilIds(`outp_${stamp}`, 10);
  await createTopic(`in_${stamp}`, 2);
  await produceAll(`in_${stamp}`, events(50, 20));
  expect(await untilIds(`out_${stamp}`, 70)).toEqual(Array.from({ length: 70 }, (_, i) => i));
  await node.kill('SIGTERM');
});

test('partitions that are added are read by stateless queries; one with state stands and says why', async () => {
  const stamp = stampOf();
  await createTopic(`in_${stamp}`, 2);
  const node = await start(`op${stamp}_`, { 'commit.interval.ms': '100' });
  await node.sql(source(`in_${stamp}`) + copy(`out_${stamp}`));
  await node.sql(`CREATE TABLE n WITH (KAFKA_TOPIC='n_${stamp}') AS SELECT k, COUNT(*) AS n FROM s GROUP BY k;`);
  await produceAll(`in_${stamp}`, events(0, 50));
  await untilIds(`out_${stamp}`, 50);
  // The node has seen the topic as it was.
  await new Promise((resolve) => setTimeout(resolve, 5000));
  await withAdmin((admin) => admin.createPartitions({ topicPartitions: [{ topic: `in_${stamp}`, count: 4 }] }));
  await until('the state of the table', async () =>
    (await stateOf(node, 'CTAS_N_1')).includes('has 4 partitions instead of 2') ? true : undefined,
  );
  await produceAll(`in_${stamp}`, events(50, 40, 4));
  expect(await untilIds(`out_${stamp}`, 90)).toEqual(Array.from({ length: 90 }, (_, i) => i));
  await node.kill('SIGTERM');
});

test('at least once doubles nothing while nodes join and leave in good order', async () => {
  const stamp = stampOf();
  const [input, output] = [`in_${stamp}`, `out_${stamp}`];
  await createTopic(input, 4);
  const first = await start(`op${stamp}_`);
  await first.sql(
    `${source(input)} ${copy(output)} CREATE TABLE counts AS SELECT k, COUNT(*) AS n FROM s GROUP BY k EMIT CHANGES;`,
  );
  let count = 0;
  const produce = async (isOver: () => boolean): Promise<void> => {
    for (const begun = count; count - begun < 400 || !isOver();) {
      await produceAll(input, events(count, 20, 4));
      count += 20;
    }
  };
  for (let round = 0; round < 3; round++) {
    let hasLeft = false;
    const joining = start(`op${stamp}_`).then(async (second) => {
      await until('tasks of the second node', async () => (await second.metric('millrace_tasks')) > 0 || undefined);
      await second.kill('SIGTERM');
      hasLeft = true;
    });
    await produce(() => hasLeft);
    await joining;
  }
  await untilIds(output, count);
  expect(await idsOf(output)).toEqual(Array.from({ length: count }, (_, i) => i));
  const counted = await until('every count', async () => {
    const response = await fetch(`${first.url}/query`, {
      method: 'POST',
      body: JSON.stringify({ ksql: 'SELECT SUM(n) AS total FROM counts;' }),
    });
    const text = await response.text();
    const total = Number(/"columns":\[(\d+)\]/.exec(text)?.[1]);
    return total >= count ? total : undefined;
  });
  expect(counted).toBe(count);
});

test('a query that is replaced and paused again and again while nodes join passes each record on once', async () => {
  const stamp = stampOf();
  await createTopic(`in_${stamp}`, 4);
  const settings = { 'processing.guarantee': 'at_least_once' };
  const members = [await start(`op${stamp}_`, settings), await start(`op${stamp}_`, settings)];
  await members[0]!.sql(source(`in_${stamp}`));
  await members[0]!.sql(copy(`out_${stamp}`));
  const rounds = 8;
  for (let round = 0; round < rounds; round++) {
    await produceAll(`in_${stamp}`, events(40 * round, 40, 4));
    const node = members[round % 2]!;
    const replaced = copy(`out_${stamp}`).replace('CREATE', 'CREATE OR REPLACE');
    await node.sql(replaced.replace('FROM s', `FROM s WHERE id >= ${-1 - round}`));
    if (round % 3 === 0) await node.sql('PAUSE ALL; RESUME ALL;');
  }
  await untilIds(`out_${stamp}`, 40 * rounds);
  // What a task had in hand comes with its last commit.
  for (const node of members) await node.kill('SIGTERM');
  expect(await idsOf(`out_${stamp}`)).toEqual(Array.from({ length: 40 * rounds }, (_, i) => i));
});
