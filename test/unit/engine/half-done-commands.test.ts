import { expect, test, vi } from 'vitest';
import { openEngine } from '../../support/memory-node.ts';

const sources = `CREATE STREAM s (id STRING KEY, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);`;

test('a query whose start failed is started with the next statement, and counted once', async () => {
  const { engine, run, close } = await openEngine();
  await run(
    `${sources} CREATE STREAM a (id STRING KEY, n INT) WITH (kafka_topic='a', value_format='JSON', partitions=1);`,
  );
  const start = vi.spyOn(engine.node, 'startQuery').mockRejectedValueOnce(new Error('the broker is away'));
  await expect(run('INSERT INTO a SELECT * FROM s;')).rejects.toThrow('the broker is away');
  expect(engine.node.status('INSERTQUERY_0')).toBeUndefined();
  await run('CREATE STREAM b AS SELECT * FROM s;');
  await run('CREATE STREAM c AS SELECT * FROM s;');
  expect(start.mock.calls.map(([{ id }]) => id)).toEqual(['INSERTQUERY_0', 'INSERTQUERY_0', 'CSAS_B_1', 'CSAS_C_2']);
  expect(engine.node.status('INSERTQUERY_0')?.state).toBe('RUNNING');
  await close();
});

test('a query whose end failed is ended with the next statement', async () => {
  const { engine, run, close } = await openEngine();
  await run(`${sources} CREATE STREAM a AS SELECT * FROM s; CREATE STREAM b AS SELECT * FROM s;`);
  const stop = vi.spyOn(engine.node, 'stopQuery').mockRejectedValueOnce(new Error('the broker is away'));
  await expect(run('DROP STREAM a;')).rejects.toThrow('the broker is away');
  expect(engine.node.status('CSAS_A_0')).toBeDefined();
  await run('DROP STREAM b;');
  expect(stop.mock.calls.map(([id]) => id)).toEqual(['CSAS_A_0', 'CSAS_A_0', 'CSAS_B_1']);
  expect(engine.node.status('CSAS_A_0')).toBeUndefined();
  await close();
});
