import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../../support/program.ts';

test('the bundled bench measures the functions of the golden files', () => {
  const bench = join(root, 'dist/bundle/bench.js');
  const said = execFileSync(process.execPath, [bench, 'functions', 'CUBE_EXPLODE'], { encoding: 'utf8' });
  const { measured, median } = JSON.parse(said.trim().split('\n').at(-1)!) as { measured: number; median: number };
  expect(measured).toBe(1);
  expect(median).toBeGreaterThan(0);
}, 300_000);
