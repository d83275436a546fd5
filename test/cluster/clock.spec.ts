import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createTopic, groupOffset, newAdmin, produceAll, startMillrace, until } from './support.ts';

const hourMs = 3_600_000;
const events = (from: number): { key: string; partition: number; value: string; timestamp: number }[] =>
  Array.from({ length: 50 }, (_, i) => ({ key: 'a', partition: 0, value: `{"id":${from + i}}`, timestamp: 1 }));

test.each([-hourMs, hourMs / 2])('a node whose clock is set by %d ms stays in its groups and goes on', async (step) => {
  const service = `clock${Date.now()}_`;
  const topic = `${service}in`;
  await createTopic(topic, 1);
  const clock = join(mkdtempSync(join(tmpdir(), 'millrace-clock-')), 'clock');
  writeFileSync(clock, '0');
  const settings = { 'processing.guarantee': 'exactly_once_v2', 'session.timeout.ms': '1500' };
  const node = await startMillrace(service, settings, undefined, undefined, clock);
  await node.sql(`CREATE STREAM s (k STRING KEY, id INT) WITH (KAFKA_TOPIC='${topic}', VALUE_FORMAT='JSON');
    CREATE TABLE counted AS SELECT k, COUNT(*) AS n FROM s GROUP BY k;`);
  const group = `_millrace-${service}query_CTAS_COUNTED_0`;
  const read = (records: number): Promise<number> =>
    until(
      () => groupOffset(group, topic),
      (offset) => offset >= records,
    );
  await produceAll(topic, events(0));
  expect(await read(50)).toBe(50);

  const admin = newAdmin();
  await admin.connect();
  const members = async (): Promise<readonly string[]> =>
    (await admin.describeGroups([group])).groups[0]!.members.map(({ memberId }) => memberId);
  const before = await members();
  writeFileSync(clock, String(step));
  await sleep(4000);
  expect(await members()).toEqual(before);
  await admin.disconnect();
  await produceAll(topic, events(50));
  expect(await read(100)).toBe(100);
  await node.kill('SIGTERM');
});
