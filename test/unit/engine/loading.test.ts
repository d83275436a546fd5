import { expect, test } from 'vitest';
import { Catalog, type SourceObject, type ViewObject } from '../../../src/catalog/catalog.ts';
import { openEngine } from '../../support/memory-node.ts';

const sourceNamed = (name: string): SourceObject => ({ spec: { name } }) as unknown as SourceObject;
const view = (name: string): ViewObject => ({ name, statement: '', query: '' });

test('a catalogue that is loaded takes time in proportion to its entries', { timeout: 10_000 }, () => {
  // With a copy of it for each, this takes minutes.
  let catalog = Catalog.loading();
  for (let i = 0; i < 60_000; i++) catalog = catalog.withSource(sourceNamed(`s${i}`));
  for (let i = 0; i < 60_000; i += 2) catalog = catalog.withoutSource(`s${i}`);
  expect(catalog.loaded().sources.size).toBe(30_000);
});

test('what was loaded does not change any more', () => {
  const loaded = Catalog.loading().withSource(sourceNamed('s')).withView(view('v')).loaded();
  const later = loaded.withSource(sourceNamed('t')).withoutView('v');
  expect([[...loaded.sources.keys()], [...loaded.views.keys()]]).toEqual([['s'], ['v']]);
  expect([[...later.sources.keys()], [...later.views.keys()]]).toEqual([['s', 't'], []]);
});

test('a node that starts again has what statements made, replaced and dropped', async () => {
  const first = await openEngine();
  await first.run(`
    CREATE STREAM s (k STRING KEY, v INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);
    CREATE STREAM gone (k STRING KEY) WITH (kafka_topic='gone', value_format='JSON', partitions=1);
    CREATE STREAM c AS SELECT k, v FROM s;
    CREATE OR REPLACE STREAM s (k STRING KEY, v INT, w INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);
    DROP STREAM gone;
    PAUSE ALL;`);
  const { sources, queries } = first.engine.catalog;
  await first.close();
  const again = await openEngine(first.folder);
  expect(again.engine.catalog.sources).toEqual(sources);
  expect(again.engine.catalog.queries).toEqual(queries);
  const before = again.engine.catalog;
  await again.run('DROP STREAM c;');
  expect(before.sources.has('C')).toBe(true);
  await again.close();
});
