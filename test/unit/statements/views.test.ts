import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openEngine } from '../../support/memory-node.ts';

test('views are back after a restart, and a mistake inside is shown at its place in the view', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-views-'));
  const before = await openEngine(folder);
  await before.run("CREATE STREAM s (id STRING KEY, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);");
  await before.run(
    'CREATE VIEW v AS SELECT id, n FROM s; CREATE VIEW w AS SELECT n FROM v; CREATE VIEW gone AS SELECT n FROM v;',
  );
  await before.run('DROP VIEW gone;');
  await before.close();

  const { run, engine, close } = await openEngine(folder);
  expect([...engine.catalog.views.keys()]).toEqual(['V', 'W']);
  await expect(run('CREATE OR REPLACE VIEW v AS SELECT id FROM s;')).rejects.toMatchObject({
    code: 'COLUMN_NOT_FOUND',
    span: { source: { name: 'view W', text: 'SELECT n FROM v;' }, start: 7, end: 8 },
  });
  expect(engine.catalog.views.get('V')?.query).toBe('SELECT id, n FROM s');
  await close();
});
