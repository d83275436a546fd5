import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startNode } from '../../../src/cli/start-node.ts';
import { readSettings } from '../../../src/config/settings.ts';
import { dataFiles, newFolder } from '../../support/files.ts';
import { millrace } from '../../support/millrace.ts';

test('it ends with the backfill, says how as JSON, and its exit code tells the rest', async () => {
  const folder = newFolder();
  const settings = { 'state.dir': join(folder, 'state'), listeners: 'http://127.0.0.1:0' };
  const node = await startNode(readSettings(settings, {}, undefined));
  const { url } = node.server;
  const ask = async (ksql: string): Promise<unknown> => {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${url}/ksql`, { method: 'POST', headers, body: JSON.stringify({ ksql }) });
    return answer.json();
  };
  await ask(`CREATE STREAM s (u STRING KEY, v DOUBLE) WITH (kafka_topic='s', value_format='JSON', partitions=1);
    CREATE FEATURE VIEW f ENTITY KEY (u) AS SELECT u, COUNT(*) AS n, SUM(v) AS total FROM s GROUP BY u EMIT CHANGES;`);
  for (const [time, v] of [
    [1000, 1],
    [2000, 2.5],
    [3000, 3],
  ])
    await ask(`INSERT INTO s (ROWTIME, u, v) VALUES (${time}, 'a', ${v});`);
  const path = join(folder, "it's");
  const range = ['--from', '1970-01-01T00:00:02Z', '--to', '1970-01-01T00:00:03Z'];
  const options = ['--path', path, '--rows-per-file', '1', '--read-from', 'files'];
  const good = await millrace('backfill', 'f', url, ...range, ...options);
  expect([good.status, good.stderr]).toEqual([0, '']);
  expect(JSON.parse(good.stdout)).toMatchObject({ view: 'F', state: 'DONE', rows: 1, path });
  expect(dataFiles(path)).toEqual(['dt=1970-01-01/p0-0-0.parquet']);
  const manifest = JSON.parse(readFileSync(join(path, '_manifest.json'), 'utf8')) as Record<string, unknown>;
  expect(manifest).toMatchObject({ backfill: 'F', fromMs: 2000, toMs: 3000, rows: 1, readFrom: 'files' });
  const again = await millrace('backfill', 'f', url, ...range, ...options);
  expect([again.status, (JSON.parse(again.stdout) as { state: string }).state]).toEqual([0, 'DONE']);
  const other = await millrace('backfill', 'f', url, '--path', path);
  expect([other.status, other.stdout]).toEqual([2, '']);
  expect(other.stderr).toContain('it holds {"backfill":"F"');
  const replaced = await millrace('backfill', 'f', url, '--path', path, '--overwrite');
  expect(JSON.parse(replaced.stdout)).toMatchObject({ state: 'DONE', rows: 3 });
  const store = await millrace('backfill', 'f', url, '--path', path, '--materialize');
  expect([store.status, store.stderr]).toEqual([2, expect.stringContaining('the state of its query serves it')]);
  const none = await millrace('backfill', 'g', url, '--path', path);
  expect([none.status, none.stderr]).toEqual([2, expect.stringContaining('feature view "G" does not exist')]);
  await node.close();
});
