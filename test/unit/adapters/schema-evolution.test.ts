import avsc from 'avsc';
import { expect, test, vi } from 'vitest';
import { openEngine } from '../../support/memory-node.ts';
import { consume } from '../../support/topics.ts';

const v1 = { type: 'record', name: 'R', fields: [{ name: 'a', type: 'int' }] } as const;
const v2 = {
  ...v1,
  fields: [{ name: 'extra', type: ['null', 'string'], default: null }, ...v1.fields],
} as const;

function framed(id: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.writeInt32BE(id, 1);
  return Buffer.concat([header, payload]);
}

test('schemas that come while a query runs are fetched; an unknown one is a bad record, and the query goes on', async () => {
  const node = await openEngine();
  const { engine } = node;
  const first = await engine.registry.register('s-value', { type: 'AVRO', text: JSON.stringify(v1) });
  await node.run(`CREATE STREAM s (id STRING KEY) WITH (kafka_topic='s', value_format='AVRO', partitions=1);
    CREATE STREAM copies WITH (value_format='JSON') AS SELECT id, a * 2 AS twice FROM s EMIT CHANGES;`);
  const produce = (value: Buffer): Promise<void> =>
    engine.node.produce('s', [{ key: 'k', value, timestamp: 1, partition: undefined }]);
  await produce(framed(first, avsc.Type.forSchema(v1 as unknown as avsc.Schema).toBuffer({ a: 1 })));
  await node.settle();
  const second = await engine.registry.register('s-value', { type: 'AVRO', text: JSON.stringify(v2) });
  const evolved = avsc.Type.forSchema(v2 as unknown as avsc.Schema, { wrapUnions: 'never' });
  await produce(framed(second, evolved.toBuffer({ extra: 'x', a: 2 })));
  await produce(framed(4242, Buffer.from([2])));
  await produce(Buffer.from('{"a":3}'));
  await produce(framed(first, Buffer.from([8])));
  await node.settle();
  expect(await consume(engine, 'COPIES')).toEqual(['k@1 {"TWICE":2}', 'k@1 {"TWICE":4}', 'k@1 {"TWICE":8}']);
  expect(engine.node.status('CSAS_COPIES_0')).toMatchObject({ errors: 2, state: 'RUNNING' });
  await node.close();
});

test('a registry that does not answer stops no other query, and its words are shown until it answers', async () => {
  const node = await openEngine();
  const { engine } = node;
  const id = await engine.registry.register('s-value', { type: 'AVRO', text: JSON.stringify(v1) });
  await node.run(`CREATE STREAM s (id STRING KEY) WITH (kafka_topic='s', value_format='AVRO', partitions=1);
    CREATE STREAM copies WITH (value_format='JSON') AS SELECT id, a FROM s EMIT CHANGES;`);
  const later = await engine.registry.register('other', { type: 'AVRO', text: JSON.stringify(v2) });
  const away = vi.spyOn(engine.registry, 'byId').mockRejectedValue(new TypeError('the schema registry is away'));
  const payload = avsc.Type.forSchema(v2 as unknown as avsc.Schema, { wrapUnions: 'never' });
  for (const value of [framed(id, Buffer.from([2])), framed(later, payload.toBuffer({ extra: null, a: 7 }))])
    await engine.node.produce('s', [{ key: 'k', value, timestamp: 1, partition: undefined }]);
  await expect.poll(() => engine.node.status('CSAS_COPIES_0')?.error).toBe('the schema registry is away');
  away.mockRestore();
  await expect.poll(() => consume(engine, 'COPIES'), { timeout: 5000 }).toEqual(['k@1 {"A":1}', 'k@1 {"A":7}']);
  expect(engine.node.status('CSAS_COPIES_0')).toMatchObject({ state: 'RUNNING', errors: 0 });
  await node.close();
});
