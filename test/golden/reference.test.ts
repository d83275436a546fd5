import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Asked } from './ask.ts';
import { goldenFiles, runGolden, type Evaluated } from './golden.ts';
import {
  casesOf,
  functionsPage,
  missingCases,
  missingKinds,
  missingStatements,
  statementCases,
  statementsPage,
} from './reference.ts';

/** A page that the tests write: it must be what they gave, and is written anew where that is asked for. */
function expectPage(name: string, text: string): void {
  const page = new URL(`../../docs/${name}`, import.meta.url);
  if (process.env['GOLDEN_UPDATE'] === '1') writeFileSync(page, text);
  expect(text).toBe(readFileSync(page, 'utf8'));
}

test('every overload of every function is called with values, with a null and with what it refuses', async () => {
  const evaluated: Evaluated[] = [];
  for (const { file } of goldenFiles.filter(({ name }) => name.startsWith('functions/')))
    await runGolden(file, 'whole', undefined, undefined, { evaluated });
  const cases = casesOf(evaluated);
  expect(missingCases(cases)).toEqual([]);
  expectPage('functions.md', functionsPage(cases));
});

test('every statement has a result, meets nothing or a null, and is refused', async () => {
  const asked: Asked[] = [];
  for (const { file } of goldenFiles.filter(({ name }) => name === 'statements/reference.test'))
    await runGolden(file, 'whole', undefined, undefined, { asked });
  const cases = statementCases(asked);
  expect(missingStatements(cases)).toEqual([]);
  expect(missingKinds(asked)).toEqual([]);
  expectPage('statements.md', statementsPage(cases));
});
