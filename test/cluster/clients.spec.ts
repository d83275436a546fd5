import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { partitionOf } from '../../src/records/murmur2.ts';
import { brokers, createTopic, groupOffset, readAll, startMillrace, type MillraceProcess } from './support.ts';

const python = process.env['MILLRACE_TEST_PYTHON'] ?? 'python3';
const hasPython = spawnSync(python, ['-c', 'import confluent_kafka']).status === 0;
const hasKcat = spawnSync('kcat', ['-V']).status === 0;
if (!hasPython) console.log('clients: skipped, Python has no confluent_kafka (MILLRACE_TEST_PYTHON names another)');
if (!hasKcat) console.log('clients: skipped, kcat is not installed');

function run(command: string, args: readonly string[], input?: string): string {
  const { status, stdout, stderr } = spawnSync(command, args, { input, encoding: 'utf8', maxBuffer: 1 << 26 });
  if (status !== 0) throw new TypeError(`${command} ended with ${status}: ${stderr}`);
  return stdout;
}
const script = (name: string): string => join(import.meta.dirname, 'clients', name);
const stamp = `${Date.now()}`;

/** Waits until a group has committed so many records of a topic; says where the node stands when it takes too long. */
async function committed(millrace: MillraceProcess, group: string, topic: string, records: number): Promise<void> {
  const end = Date.now() + 60_000;
  let calls = 0;
  for (let offset = -1; offset < records; calls++) {
    if (Date.now() > end) {
      const status = JSON.stringify(await millrace.sql('SHOW QUERIES;'));
      const read = await millrace.metric('millrace_records_in_total');
      throw new TypeError(`${group} is at ${offset} of ${records} after ${calls} looks and ${read} records: ${status}`);
    }
    offset = await groupOffset(group, topic);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

test.skipIf(!hasKcat).each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])(
  'a topic that kcat wrote with compression %s is read',
  async (codec) => {
    const topic = `kcat_${codec}_${stamp}`;
    const service = `kcat_${codec}_${stamp}_`;
    await createTopic(topic, 1);
    const lines = Array.from({ length: 2000 }, (_, i) => `k${i % 5}:{"id":${i},"text":"${'x'.repeat(i % 50)}"}`);
    run('kcat', ['-P', '-b', brokers, '-t', topic, '-K', ':', '-z', codec], `${lines.join('\n')}\n`);
    const millrace = await startMillrace(service);
    await millrace.sql(`CREATE STREAM events (k STRING KEY, id BIGINT, text STRING) WITH (KAFKA_TOPIC='${topic}', VALUE_FORMAT='JSON');
      CREATE STREAM copies WITH (KAFKA_TOPIC='copies_${topic}') AS SELECT k, id, LEN(text) AS width FROM events WHERE id % 2 = 0 EMIT CHANGES;`);
    await committed(millrace, `_millrace-${service}query_CSAS_COPIES_0`, topic, lines.length);
    const rows = (await readAll(`copies_${topic}`)).map(({ value }) => JSON.parse(value!.toString()) as unknown);
    expect(rows).toEqual(Array.from({ length: 1000 }, (_, i) => ({ ID: 2 * i, WIDTH: (2 * i) % 50 })));
    await millrace.kill('SIGTERM');
  },
);

test.skipIf(!hasPython)(
  "records go from Python's producer to Python's consumer, exactly once, with key, time, headers and partition",
  async () => {
    const topic = `python_${stamp}`;
    const service = `python_${stamp}_`;
    const sink = `copies_${topic}`;
    await createTopic(topic, 4);
    run(python, [script('produce.py'), brokers, topic, '3000', 'lz4']);
    const millrace = await startMillrace(service, { 'processing.guarantee': 'exactly_once_v2' });
    await millrace.sql(`CREATE STREAM events (k STRING KEY, id BIGINT, text STRING) WITH (KAFKA_TOPIC='${topic}', VALUE_FORMAT='JSON');
      CREATE STREAM copies WITH (KAFKA_TOPIC='${sink}', RETENTION_MS=-1) AS SELECT k, id, UCASE(text) AS text FROM events EMIT CHANGES;`);
    const rows = run(python, [script('consume.py'), brokers, sink, '3000'])
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown> & { value: { ID: number } })
      .sort((a, b) => a.value.ID - b.value.ID);
    expect(rows).toEqual(
      Array.from({ length: 3000 }, (_, i) => ({
        key: `k${i % 7}`,
        value: { ID: i, TEXT: `ÉVÉNEMENT ${i}` },
        timestamp: 1_700_000_000_000 + i,
        partition: partitionOf(`k${i % 7}`, 4),
        headers: [['source', 'python']],
      })),
    );
    await millrace.kill('SIGTERM');
  },
);

test('a node that starts anew has the catalogue of the command topic, and its queries go on', async () => {
  const topic = `again_${stamp}`;
  const service = `again_${stamp}_`;
  await createTopic(topic, 2);
  const first = await startMillrace(service);
  await first.sql(`CREATE STREAM events (k STRING KEY, n BIGINT) WITH (KAFKA_TOPIC='${topic}', VALUE_FORMAT='JSON');
    CREATE TABLE totals WITH (KAFKA_TOPIC='totals_${stamp}') AS SELECT k, SUM(n) AS total FROM events GROUP BY k EMIT CHANGES;
    CREATE STREAM gone (k STRING KEY, n BIGINT) WITH (KAFKA_TOPIC='${topic}', VALUE_FORMAT='JSON');
    DROP STREAM gone;
    INSERT INTO events (k, n) VALUES ('a', 1);`);
  const group = `_millrace-${service}query_CTAS_TOTALS_0`;
  await committed(first, group, topic, 1);
  await first.kill('SIGKILL');
  const second = await startMillrace(service);
  const [streams] = (await second.sql('SHOW STREAMS;')) as [{ streams: { name: string }[] }];
  expect(streams.streams.map(({ name }) => name).filter((name) => name !== 'KSQL_PROCESSING_LOG')).toEqual(['EVENTS']);
  await second.sql(`INSERT INTO events (k, n) VALUES ('a', 41);`);
  await committed(second, group, topic, 2);
  const totals = (await readAll(`totals_${stamp}`)).map(({ value }) => JSON.parse(value!.toString()) as unknown);
  expect(totals.at(-1)).toEqual({ TOTAL: 42 });
  await second.kill('SIGTERM');
});
