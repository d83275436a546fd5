import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { catalog } from '../../src/diagnostics/catalog.ts';
import { stepFacts } from '../../src/plan/physical/step.ts';
import { rules } from '../../src/plan/rules/index.ts';
import { nearestName } from '../../src/plan/rules/nearest.ts';
import { pruneColumnsName } from '../../src/plan/rules/prune-columns.ts';
import { statementKinds } from '../../src/statements/index.ts';
import { parse, splitScript } from '../../src/syntax/parse.ts';
import { goldenFiles } from './golden.ts';

const root = join(import.meta.dirname, '../..');
const texts = (folder: string, ends: RegExp): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => ends.test(name))
    .map((name) => readFileSync(join(root, folder, name), 'utf8'));

test('every error code is thrown, and shown by a golden file or a test', () => {
  const codes = Object.keys(catalog);
  // As an error is printed in golden files, or named in a test of its own.
  const shown = [
    ...goldenFiles.flatMap(({ file }) => file.blocks.map(({ expected }) => expected)),
    ...['unit', 'regressions', 'contract', 'cluster'].flatMap((folder) =>
      texts(`test/${folder}`, /\.(test|spec)\.ts$/),
    ),
    ...texts('test/support', /refusals\.ts$/),
  ].join('\n');
  const thrown = texts('src', /\.ts$/).join('\n');
  expect(codes.filter((code) => !new RegExp(`(?:\\b|\\^)${code}(?::|'|",)`).test(shown))).toEqual([]);
  expect(codes.filter((code) => !thrown.includes(`'${code}'`))).toEqual([]);
});

test('every kind of statement stands in a golden file', () => {
  const kinds = new Set<string>();
  for (const { file } of goldenFiles) {
    for (const { command, body } of file.blocks) {
      if (command !== 'sql' && command !== 'ask' && command !== 'error') continue;
      const scripts = command === 'ask' ? body.split('\n') : [body];
      for (const text of scripts) {
        try {
          for (const each of splitScript({ name: 'golden', text })) kinds.add(parse(each).kind);
        } catch {
          // A statement that is refused for its syntax.
        }
      }
    }
  }
  expect(statementKinds.filter((kind) => !kinds.has(kind))).toEqual([]);
});

test('every rule fires, and every kind of step stands, in a golden plan', () => {
  const plans = goldenFiles
    .flatMap(({ file }) => file.blocks.filter(({ command }) => command === 'plan').map(({ expected }) => expected))
    .join('\n');
  const fired = new Set([...plans.matchAll(/\(rules: (.*)\):/g)].flatMap(([, names]) => names!.split(', ')));
  const names = [...rules.map(({ name }) => name), pruneColumnsName, nearestName];
  expect(names.filter((name) => !fired.has(name))).toEqual([]);
  expect(Object.keys(stepFacts).filter((op) => !new RegExp(`\\(${op}[,)]`).test(plans))).toEqual([]);
});
