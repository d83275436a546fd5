import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openEngine } from '../../support/memory-node.ts';
import { consume } from '../../support/topics.ts';

test('a query that reads one topic several times keeps a position for each, over restarts too', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-twice-'));
  let engine = await openEngine(folder);
  await engine.run(`SET 'auto.offset.reset' = 'earliest';
    CREATE STREAM people (id INT KEY, boss INT, name STRING) WITH (kafka_topic='people', partitions=1, value_format='JSON', key_format='JSON');
    CREATE STREAM pairs AS SELECT a.boss AS boss, a.name AS name, b.name AS boss_name FROM people a JOIN people b WITHIN 1 DAY ON a.boss = b.id;
    CREATE STREAM twice AS SELECT id, name FROM people UNION ALL SELECT id, name FROM people;
    INSERT INTO people (ROWTIME, id, boss, name) VALUES (1, 1, 0, 'ann');`);
  await engine.settle();
  await engine.close();
  engine = await openEngine(folder);
  await engine.run(`INSERT INTO people (ROWTIME, id, boss, name) VALUES (2, 2, 1, 'bob');`);
  await engine.settle();
  expect(await consume(engine.engine, 'PAIRS')).toEqual(['1@2 {"NAME":"bob","BOSS_NAME":"ann"}']);
  expect((await consume(engine.engine, 'TWICE')).sort()).toEqual([
    '1@1 {"NAME":"ann"}',
    '1@1 {"NAME":"ann"}',
    '2@2 {"NAME":"bob"}',
    '2@2 {"NAME":"bob"}',
  ]);
  await engine.close();
});
