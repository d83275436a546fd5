import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { goldenFiles, runGolden, type Evaluated } from './golden.ts';
import { casesOf, functionsPage, missingCases } from './reference.ts';

const page = new URL('../../docs/functions.md', import.meta.url);

test('every overload of every function is called with values, with a null and with what it refuses; the page says so', async () => {
  const evaluated: Evaluated[] = [];
  for (const { file } of goldenFiles.filter(({ name }) => name.startsWith('functions/')))
    await runGolden(file, 'whole', undefined, undefined, evaluated);
  const cases = casesOf(evaluated);
  expect(missingCases(cases)).toEqual([]);
  const text = functionsPage(cases);
  if (process.env['GOLDEN_UPDATE'] === '1') writeFileSync(page, text);
  expect(text).toBe(readFileSync(page, 'utf8'));
});
