import { expect, test } from 'vitest';
import { openEngine, type TestEngine } from '../support/memory-node.ts';
import { operatorCases, type Input } from '../support/operator-cases.ts';

async function produce({ engine }: TestEngine, input: readonly Input[], first: number): Promise<void> {
  for (const [i, [topic, key, value, timestamp, bare]] of input.entries())
    await engine.node.produce(topic, [
      {
        key,
        value: value === null ? null : JSON.stringify(value),
        timestamp,
        partition: undefined,
        ...(bare === undefined && { headers: [{ key: 'trace', value: Buffer.from(String(first + i + 1)) }] }),
      },
    ]);
}
async function written({ engine }: TestEngine): Promise<number[]> {
  const records = await (await engine.node.openReader('O', 'beginning')).poll(100, 0);
  return records.map(({ headers }) => Number(headers[0]?.value?.toString() ?? 0));
}

test.each(Object.entries(operatorCases))('a row has the headers of the record that caused it: %s', async (_, each) => {
  const { statements, input, from } = each;
  let open = await openEngine();
  await open.run(statements);
  for (const [i, record] of input.entries()) {
    await produce(open, [record], i);
    await open.settle();
    await open.close();
    open = await openEngine(open.folder);
  }
  expect(await written(open)).toEqual(from);
  await open.close();
});

test.each(Object.entries(operatorCases))('the same of records that come at once: %s', async (_, each) => {
  const { statements, input, from, atOnce = from } = each;
  const open = await openEngine(undefined, { 'cache.max.bytes.buffering': '1000000' });
  await open.run(statements);
  const running = [...open.engine.catalog.queries.keys()];
  for (const id of running) await open.run(`PAUSE ${id};`);
  await produce(open, input, 0);
  for (const id of running) await open.run(`RESUME ${id};`);
  await open.settle();
  expect(await written(open)).toEqual(atOnce);
  await open.close();
});
