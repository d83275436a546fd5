import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { backUp, check, restore } from '../../src/cli/maintenance.ts';
import { brokers, startMillrace } from './support.ts';

test('the commands of one service become those of another, once', async () => {
  const stamp = Date.now();
  const settings = (service: string): Record<string, string> => ({
    'bootstrap.servers': brokers,
    'ksql.service.id': service,
    'ksql.internal.topic.replicas': '1',
  });
  const [old, fresh] = [`old_${stamp}_`, `fresh_${stamp}_`];
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  const first = await startMillrace(old);
  await first.sql(`CREATE STREAM s (k STRING KEY, v INT) WITH (kafka_topic='s_${stamp}', value_format='JSON', partitions=1);
    CREATE TABLE t WITH (kafka_topic='t_${stamp}') AS SELECT k, COUNT(*) AS c FROM s GROUP BY k;`);
  const backup = join(mkdtempSync(join(tmpdir(), 'millrace-backup-')), 'backup');
  await backUp(settings(old), backup, say);
  expect(await check(settings(old), false, say)).toBe(true);
  await first.kill('SIGTERM');
  await restore(settings(fresh), backup, say);
  await expect(restore(settings(fresh), backup, say)).rejects.toMatchObject({ code: 'BACKUP_REFUSED' });
  const second = await startMillrace(fresh);
  const [answer] = await second.sql('SHOW TABLES;');
  expect(JSON.stringify(answer)).toContain(`t_${stamp}`);
  await second.kill('SIGTERM');
});
