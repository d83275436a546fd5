import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseGolden, runGolden, type Mode } from './golden.ts';

const root = import.meta.dirname;
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test'))
  .sort();

describe.each(files)('%s', (name) => {
  const file = parseGolden(join(root, name));
  const modes: Mode[] = file.onePartition ? ['whole', 'restarted'] : ['whole', 'restarted', 'partitioned'];
  test.each(modes)('%s', async (mode) => {
    for (const { block, actual, expected } of await runGolden(file, mode))
      expect(actual, `${name}:${block.line}`).toBe(expected);
  });
});
