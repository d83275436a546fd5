import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startNode } from '../../../src/cli/start-node.ts';
import { readSettings } from '../../../src/config/settings.ts';
import { newFolder } from '../../support/files.ts';
import { millrace } from '../../support/millrace.ts';

test('the report is JSON, the exit code says whether all agrees, and /metrics has the figures', async () => {
  const settings = { 'state.dir': join(newFolder(), 'state'), listeners: 'http://127.0.0.1:0' };
  const node = await startNode(readSettings(settings, {}, undefined));
  const { engine } = node;
  const { url } = node.server;
  const ask = async (ksql: string): Promise<unknown> => {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${url}/ksql`, { method: 'POST', headers, body: JSON.stringify({ ksql }) });
    return answer.json();
  };
  await ask(`CREATE STREAM s (u STRING KEY, v DOUBLE) WITH (kafka_topic='s', value_format='JSON', partitions=1);
    CREATE FEATURE VIEW f ENTITY KEY (u) AS SELECT u, COUNT(*) AS n, SUM(v) AS total FROM s GROUP BY u EMIT CHANGES;`);
  for (const v of [1, 2.5, 3]) await ask(`INSERT INTO s VALUES ('a', ${v});`);
  const good = await millrace('verify', 'f', url);
  expect([good.status, good.stderr]).toEqual([0, '']);
  expect(JSON.parse(good.stdout)).toMatchObject({ view: 'F', result: 'CONSISTENT', differing: 0 });
  const record = { key: 'a', value: '{"N":9,"TOTAL":6.5}', timestamp: Date.now() + 1e6, partition: undefined };
  await engine.node.produce('F', [record]);
  const bad = await millrace('verify', 'f', url);
  expect(bad.status).toBe(1);
  expect(JSON.parse(bad.stdout)).toMatchObject({
    result: 'DIFFERENT',
    differing: 1,
    differences: [
      { kind: 'extra', entity: { U: 'a' }, time: record.timestamp, answeredAt: { topic: 'F', partition: 0 } },
    ],
  });
  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toContain('feature_verification_differing_rows{view="F"} 1');
  expect(metrics).toMatch(/feature_verification_values\{view="F",feature="N",comparison="recomputed",kind="extra"\} 1/);
  const early = await millrace('verify', 'f', url, '--to', '2000-01-01T00:00:00Z', '--sample', '5');
  expect([early.status, (JSON.parse(early.stdout) as { sample: number }).sample]).toEqual([0, 5]);
  const none = await millrace('verify', 'g', url);
  expect([none.status, none.stdout]).toEqual([2, '']);
  expect(none.stderr).toContain('feature view "G" does not exist');
  await node.close();
});
