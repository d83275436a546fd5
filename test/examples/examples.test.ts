import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadFunctions } from '../../src/functions/user/load.ts';
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

test.each(examples)('examples/%s gives what it says', async (name) => {
  await loadFunctions(join(root, name, 'ext'));
  const { engine, run, settle, close } = await openEngine(mkdtempSync(join(tmpdir(), 'millrace-example-')));
  await run(readFileSync(join(root, name, 'query.sql'), 'utf8'));
  for (const line of readFileSync(join(root, name, 'input.jsonl'), 'utf8')
    .trim()
    .split('\n')) {
    const { topic, key, value, timestamp = 0 } = JSON.parse(line) as InputRecord;
    await engine.node.produce(topic, [
      { key, value: value === null ? null : JSON.stringify(value), timestamp, partition: undefined },
    ]);
    await settle();
  }
  const last = [...engine.catalog.queries.values()].at(-1)!;
  const rows = await consume(engine, last.sink);
  await close();
  await expect(`${rows.join('\n')}\n`).toMatchFileSnapshot(join(root, name, 'expected.txt'));
});
