import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Catalog } from '../../src/catalog/catalog.ts';
import { Session } from '../../src/engine/session.ts';
import { executeStatement } from '../../src/statements/index.ts';
import { parse, splitScript } from '../../src/syntax/parse.ts';
import { loadCases, type TestCase } from '../conformance/cases.ts';
import { createTopics, openHarness, registerTopicSchemas } from '../conformance/run-case.ts';

/** A statement to change, and what was there when it was run. */
export interface Origin {
  readonly text: string;
  readonly catalog: Catalog;
}

/** The statements of ksqlDB's cases where they are there, else those of the golden files. */
export async function loadCorpus(cases: string): Promise<Origin[]> {
  const folders = ['query-validation-tests', 'rest-query-validation-tests'].map((name) => join(cases, name));
  const tests = folders.filter((folder) => existsSync(folder)).flatMap(loadCases);
  const scripts = tests.length > 0 ? tests : goldenScripts(join(process.cwd(), 'test/golden'));
  const origins: Origin[] = [];
  for (const script of scripts) origins.push(...(await run(script)));
  return origins;
}

type Script = Pick<TestCase, 'statements'> & Partial<TestCase>;

async function run(script: Script): Promise<Origin[]> {
  const { node, known, engine } = openHarness('fuzz');
  const test = { topics: [], inputs: [], outputs: [], ...script } as unknown as TestCase;
  await createTopics(test, 4, (name, settings) => node.createTopic(name, settings));
  await registerTopicSchemas(test, known.registry);
  const origins: Origin[] = [];
  const session = new Session();
  for (const text of script.statements) {
    try {
      for (const raw of splitScript({ name: 'fuzz', text })) {
        origins.push({ text: raw.text, catalog: engine.catalog });
        await executeStatement(parse(raw), raw.text, engine, session);
      }
    } catch {
      // Many cases are refused, and what comes behind them is not run; it may be changed all the same.
    }
  }
  return origins;
}

function goldenScripts(folder: string): Script[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test'))
    .sort()
    .map((name) => {
      const blocks = readFileSync(join(folder, name), 'utf8').matchAll(/^(?:sql|error)\n([\s\S]*?)^----$/gm);
      return { statements: [...blocks].map(([, sql]) => sql!) };
    });
}
