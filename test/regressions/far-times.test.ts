import { expect, test } from 'vitest';
import { printTopic } from '../../src/engine/print-topic.ts';
import { parseScript } from '../../src/syntax/parse.ts';
import type { PrintTopic } from '../../src/syntax/statements/print-topic.ts';
import { openEngine } from '../support/memory-node.ts';

test('PRINT shows records of any time, also of times that JavaScript has no Date for', async () => {
  const { engine, run, close } = await openEngine();
  await run("CREATE STREAM s (k STRING KEY, v INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);");
  const timestamps = [0, 1_700_000_000_123, 8_640_000_000_000_001, Number.MAX_SAFE_INTEGER];
  await engine.node.produce(
    's',
    timestamps.map((timestamp) => ({ key: 'k', value: '{"v":1}', timestamp, partition: undefined })),
  );
  const [statement] = parseScript({ name: 'test', text: "PRINT 's' FROM BEGINNING LIMIT 4;" });
  const printed = await printTopic(statement as PrintTopic, engine);
  const lines: string[] = [];
  for await (const line of printed.read()) if (line !== '') lines.push(line.split(',')[0]!);
  expect(lines).toEqual([
    'rowtime: 1970-01-01T00:00:00.000Z',
    'rowtime: 2023-11-14T22:13:20.123Z',
    'rowtime: +275760-09-13T00:00:00.001Z',
    'rowtime: +287396-10-12T08:59:00.991Z',
  ]);
  printed.close();
  await close();
});
