import { Command } from 'commander';
import { appendFileSync, mkdtempSync, readFileSync, readdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { addMigrate } from '../../../src/cli/migrate/command.ts';
import type { RunningNode } from '../../../src/cli/start-node.ts';
import { startWith, usersFile } from '../../support/access.ts';

let node: RunningNode;
let folder: string;
beforeEach(async () => {
  node = await startWith({});
  folder = mkdtempSync(join(tmpdir(), 'millrace-migrate-'));
  await migrate('new-project', folder, node.server.url);
});
afterEach(() => node.close());

/** Runs a command of `millrace migrate`; what it printed. */
async function migrate(...words: readonly string[]): Promise<string> {
  const lines: string[] = [];
  const program = new Command().exitOverride();
  const define = (pair: string, into: Record<string, string>): Record<string, string> => {
    const [name, value] = pair.split('=');
    return { ...into, [name!]: value! };
  };
  addMigrate(program, (line) => lines.push(line), define);
  await program.parseAsync(['migrate', '-c', join(folder, 'ksql-migrations.properties'), ...words], { from: 'user' });
  return lines.join('\n');
}
const file = (name: string): string => join(folder, 'migrations', name);
const write = (name: string, text: string): void => writeFileSync(file(name), text);
const sources = (): string[] =>
  [...node.engine.catalog.sources.keys()].filter((name) => !/^(MIGRATION_|KSQL_PROCESSING)/.test(name));
const states = async (): Promise<string[]> =>
  (await migrate('info'))
    .split('\n')
    .filter((line) => /\d .*(PENDING|MIGRATED|ERROR)/.test(line))
    .map((line) => /PENDING|MIGRATED|ERROR/.exec(line)![0]);

const stream = (name: string): string =>
  `CREATE STREAM ${name} (k STRING KEY, v INT) WITH (kafka_topic='${name}', value_format='JSON', partitions=1);`;

test('files are made, applied once and in order, and told', async () => {
  expect(readFileSync(join(folder, 'ksql-migrations.properties'), 'utf8')).toBe(`ksql.server.url=${node.server.url}\n`);
  await migrate('create', 'first streams');
  await migrate('create', 'more', '-v', '5');
  await migrate('create', 'last');
  expect(readdirSync(join(folder, 'migrations')).sort()).toEqual([
    'V000001__first_streams.sql',
    'V000005__more.sql',
    'V000006__last.sql',
  ]);
  write('V000001__first_streams.sql', `${stream('a')}\nINSERT INTO a VALUES ('x', 1);`);
  write(
    'V000005__more.sql',
    "DEFINE named = 'b'; CREATE STREAM b (v INT) WITH (kafka_topic='${named}_1', value_format='JSON', partitions=1);",
  );
  write(
    'V000006__last.sql',
    `SET 'auto.offset.reset' = 'earliest'; CREATE TABLE c AS SELECT k, COUNT(*) AS n FROM \${from} GROUP BY k;`,
  );
  await expect(migrate('apply', '--all')).rejects.toMatchObject({ code: 'MIGRATION_REFUSED' });
  expect(await migrate('initialize-metadata')).toBe('made');
  expect(await migrate('initialize-metadata')).toBe('they are there already');
  expect(await migrate('apply', '--all', '--dry-run')).toContain('would apply version 5: more');
  expect([sources(), await states()]).toEqual([[], ['PENDING', 'PENDING', 'PENDING']]);

  expect(await migrate('apply', '--next')).toContain('applied: 1');
  expect([sources(), await states()]).toEqual([['A'], ['MIGRATED', 'PENDING', 'PENDING']]);
  expect(await migrate('apply', '--until', '6', '-d', 'from=a')).toContain('applied: 2');
  expect([sources(), await states()]).toEqual([
    ['A', 'B', 'C'],
    ['MIGRATED', 'MIGRATED', 'MIGRATED'],
  ]);
  expect(node.engine.catalog.sources.get('B')!.spec.topic).toBe('b_1');
  const [query] = node.engine.catalog.queriesWriting('C');
  expect(query!.properties['auto.offset.reset']).toBe('earliest');
  expect(await migrate('apply', '--all')).toContain('nothing to apply');
  expect(await migrate('validate')).toContain('up to version 6');
  expect(await migrate('info')).toContain('current version: 6');

  await migrate('destroy-metadata');
  expect(sources()).toEqual(['A', 'B', 'C']);
  expect([...node.engine.catalog.sources.keys()].filter((name) => name.startsWith('MIGRATION'))).toEqual([]);
  await expect(migrate('info')).rejects.toThrow('initialize-metadata');
}, 60_000);

test('what fails is told, nothing behind it is applied, and it can be mended', async () => {
  await migrate('initialize-metadata');
  write('V000001__a.sql', stream('a'));
  write('V000002__b.sql', `${stream('b')} CREATE STREAM c AS SELECT nope FROM a;`);
  write('V000003__c.sql', stream('d'));
  await expect(migrate('apply', '--all')).rejects.toThrow(/version 2 failed.*NOPE/s);
  expect([sources(), await states()]).toEqual([
    ['A', 'B'],
    ['MIGRATED', 'ERROR', 'PENDING'],
  ]);
  write('V000002__b.sql', 'CREATE STREAM c AS SELECT k, v FROM a;');
  expect(await migrate('apply', '--all')).toContain('applied: 2');
  expect([sources(), await states()]).toEqual([
    ['A', 'B', 'C', 'D'],
    ['MIGRATED', 'MIGRATED', 'MIGRATED'],
  ]);
}, 60_000);

test('a file that was changed or removed after it was applied is refused', async () => {
  await migrate('initialize-metadata');
  write('V000001__a.sql', stream('a'));
  write('V000002__b.sql', stream('b'));
  await migrate('apply', '-v', '1');
  appendFileSync(file('V000001__a.sql'), ' ');
  for (const command of [['validate'], ['apply', '--all']])
    await expect(migrate(...command)).rejects.toThrow('was changed after it was applied');
  unlinkSync(file('V000001__a.sql'));
  await expect(migrate('validate')).rejects.toThrow('is gone');
  expect(sources()).toEqual(['A']);
}, 60_000);

test.each([
  [{ 'x.sql': '' }, ['apply', '--all'], 'V000001__name.sql'],
  [{ 'V000001__a.sql': '', 'V000001__b.sql': '' }, ['apply', '--all'], 'of one version'],
  [{ 'V000001__a.sql': 'SELECT * FROM a;' }, ['apply', '--all'], 'SELECT migrates nothing'],
  [{ 'V000001__a.sql': "CREATE STREAM a (v INT) WITH (kafka_topic='a'" }, ['apply', '--all'], 'semicolon'],
  [{ 'V000001__a.sql': stream('a') }, ['apply'], 'apply needs one of'],
  [{ 'V000001__a.sql': stream('a') }, ['apply', '--all', '--next'], 'apply needs one of'],
  [{ 'V000001__a.sql': stream('a') }, ['apply', '--version', '4'], 'no migration of version 4'],
  [{ 'V000001__a.sql': stream('a') }, ['create', 'again', '-v', '1'], 'version 1 is'],
  [{}, ['create', '../up'], 'may have letters'],
  [{}, ['create', 'zero', '-v', '0'], 'no version'],
] as const)('%o with %o is refused, and nothing is applied', async (files, words, why) => {
  await migrate('initialize-metadata');
  for (const [name, text] of Object.entries(files)) write(name, text);
  await expect(migrate(...words)).rejects.toThrow(why);
  expect(sources()).toEqual([]);
});

test('a server with users is shown one', async () => {
  const named = await startWith({
    'authentication.method': 'BASIC',
    'authentication.users.file': await usersFile({ ann: [] }),
  });
  try {
    const config = join(folder, 'ksql-migrations.properties');
    writeFileSync(config, `ksql.server.url=${named.server.url}\n`);
    await expect(migrate('initialize-metadata')).rejects.toThrow('needed');
    appendFileSync(
      config,
      'ksql.auth.basic.username=ann\nksql.auth.basic.password=ann-pw\nksql.migrations.table.name=VERSIONS\n',
    );
    expect(await migrate('initialize-metadata')).toBe('made');
    expect(named.engine.catalog.sources.has('VERSIONS')).toBe(true);
  } finally {
    await named.close();
  }
});
