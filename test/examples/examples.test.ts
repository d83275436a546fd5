import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadExtensions } from '../../src/functions/user/load.ts';
import { openEngine } from '../support/memory-node.ts';
import { consume } from '../support/topics.ts';

const root = join(import.meta.dirname, '../../examples');
const examples = readdirSync(root).filter((name) => existsSync(join(root, name, 'input.jsonl')));

interface InputRecord {
  readonly topic: string;
  readonly key: string | null;
  readonly value: Record<string, unknown> | null;
  readonly timestamp?: number;
}
/** What an operator says while records come. */
interface InputStatement {
  readonly sql: string;
}

test.each(examples)('examples/%s gives what it says', async (name) => {
  await loadExtensions(join(root, name, 'ext'));
  const { engine, run, settle, close } = await openEngine(mkdtempSync(join(tmpdir(), 'millrace-example-')));
  await run(readFileSync(join(root, name, 'query.sql'), 'utf8'));
  for (const line of readFileSync(join(root, name, 'input.jsonl'), 'utf8')
    .trim()
    .split('\n')) {
    const input = JSON.parse(line) as InputRecord | InputStatement;
    if ('sql' in input) {
      await run(input.sql);
      continue;
    }
    const { topic, key, value, timestamp = 0 } = input;
    await engine.node.produce(topic, [
      { key, value: value === null ? null : JSON.stringify(value), timestamp, partition: undefined },
    ]);
    await settle();
  }
  const last = [...engine.catalog.queries.values()].at(-1)!;
  const rows = await consume(engine, last.sink);
  for (const file of readdirSync(join(root, name))) {
    const sink = /^expected-(.+)\.txt$/.exec(file)?.[1];
    if (sink === undefined) continue;
    const told = await consume(engine, sink);
    await expect(`${told.join('\n')}\n`).toMatchFileSnapshot(join(root, name, file));
  }
  await close();
  await expect(`${rows.join('\n')}\n`).toMatchFileSnapshot(join(root, name, 'expected.txt'));
});
