import { cpSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Command } from '../../src/engine/commands.ts';
import { stepFacts } from '../../src/plan/physical/step.ts';
import { stepsIn } from '../support/every-step.ts';
import { openEngine, type TestEngine } from '../support/memory-node.ts';
import { answersOf, resultsOf, runEach, storedFolder, type Expected } from './entries.ts';

const entries = readdirSync(storedFolder, { withFileTypes: true }).filter((entry) => entry.isDirectory());

test('there are entries', () => {
  expect(entries.length).toBeGreaterThan(0);
});

describe.each(entries.map(({ name }) => name))('stored folder %s', (name) => {
  test.each(['as it is', 'with its commands compacted'])(
    'loads %s, and its queries go on from their state',
    async (how) => {
      const folder = mkdtempSync(join(tmpdir(), 'millrace-stored-'));
      cpSync(join(storedFolder, name, 'folder'), folder, { recursive: true });
      if (how !== 'as it is') await compactCommands(folder);
      const { after, answers, ...results } = JSON.parse(
        readFileSync(join(storedFolder, name, 'expected.json'), 'utf8'),
      ) as Expected;
      const engine = await openEngine(folder);
      const queries = [...engine.engine.catalog.queries.values()];
      expect(queries.filter(({ id }) => engine.engine.node.status(id)?.error !== undefined)).toEqual([]);
      await runEach(engine, after);
      expect(await resultsOf(engine.engine)).toEqual(results);
      if (answers !== undefined) expect(await answersOf(engine, Object.keys(answers))).toEqual(answers);
      await engine.close();
    },
  );
});

async function compactCommands(folder: string): Promise<void> {
  const { engine, close } = await openEngine(folder);
  const { length } = await engine.node.commands.readAfter(-1);
  // A source with its query is one command, and two of a compacted log: there must be some to remove.
  for (let i = 0; i < length; i++)
    await engine.change((distribute) => distribute({ v: 1, kind: 'alterSystem', name: 'a', value: String(i) }));
  expect(await engine.compaction.run()).toBe(true);
  await close();
}

test('no entry names the checkout that it was made in', () => {
  const files = readdirSync(storedFolder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  const naming = files.filter((file) => readFileSync(join(file.parentPath, file.name)).includes(`${process.cwd()}/`));
  expect(naming.map(({ name }) => name)).toEqual([]);
});

async function openNewest(): Promise<TestEngine> {
  const newest = entries.map(({ name }) => Number(name)).sort((a, b) => b - a)[0]!;
  const folder = mkdtempSync(join(tmpdir(), 'millrace-stored-'));
  cpSync(join(storedFolder, String(newest), 'folder'), folder, { recursive: true });
  return openEngine(folder);
}

test('the newest entry holds every kind of step and of state', async () => {
  const engine = await openNewest();
  const steps = stepsIn([...engine.engine.catalog.queries.values()]);
  await engine.close();
  expect(new Set(steps.map(({ op }) => op))).toEqual(new Set(Object.keys(stepFacts)));
});

/** A kind of command that is not here does not compile. */
const kinds: Readonly<Record<Command['kind'], true>> = {
  compacted: true,
  createSource: true,
  createVersion: true,
  switchVersion: true,
  dropSource: true,
  createQuery: true,
  terminate: true,
  setPaused: true,
  resumeSkipping: true,
  putModel: true,
  dropModel: true,
  putTrainingSet: true,
  dropTrainingSet: true,
  putFeatureService: true,
  dropFeatureService: true,
  createType: true,
  dropType: true,
  createView: true,
  dropView: true,
  alterSystem: true,
};
test('the newest entry holds every kind of command', async () => {
  const engine = await openNewest();
  const commands = await engine.engine.node.commands.readAfter(-1);
  await engine.close();
  const held = commands.map(({ command }) => (JSON.parse(command) as Command).kind);
  expect(new Set(held)).toEqual(new Set(Object.keys(kinds)));
});
