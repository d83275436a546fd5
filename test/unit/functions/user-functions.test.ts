import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { loadFunctions } from '../../../src/functions/user/load.ts';
import { setLimit } from '../../../src/functions/user/watch.ts';
import { openEngine } from '../../support/memory-node.ts';
import { consume } from '../../support/topics.ts';

afterEach(() => setLimit(1000));

async function load(code: string, file = 'fns.mjs'): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-ext-'));
  writeFileSync(join(folder, file), code);
  return loadFunctions(folder);
}
const define = (kind: string, name: string, overload: string): string =>
  `export const f = { kind: '${kind}', name: '${name}', doc: 'a test', overloads: [${overload}] };`;

async function run(select: string, values: readonly string[]): Promise<{ rows: string[]; errors: number }> {
  const node = await openEngine();
  await node.run(`CREATE STREAM s (id STRING KEY, n INT, d DECIMAL(6, 2), p STRUCT<x INT, y ARRAY<BIGINT>>) WITH (kafka_topic='s', value_format='JSON', partitions=1);
    CREATE ${select.includes('GROUP BY') ? 'TABLE' : 'STREAM'} result AS ${select} EMIT CHANGES;`);
  for (const [i, value] of values.entries())
    await node.engine.node.produce('s', [{ key: 'k', value: Buffer.from(value), timestamp: i, partition: undefined }]);
  await node.settle();
  const rows = await consume(node.engine, 'RESULT');
  const [query] = [...node.engine.catalog.queries.values()];
  const errors = node.engine.node.status(query!.id)?.errors ?? 0;
  await node.close();
  return { rows, errors };
}

test('values come as JavaScript has them, and go back as their types', async () => {
  await load(
    define(
      'scalar',
      'echo',
      "{ params: 'd DECIMAL(6, 2), p STRUCT<X INTEGER, Y ARRAY<BIGINT>>', returns: 'STRUCT<TEXT STRING, D DECIMAL(8, 3), Y ARRAY<BIGINT>>', eval: (d, p) => ({ TEXT: typeof d + d + p.X, D: d, Y: [...p.Y, 2n ** 62n] }) }",
    ),
  );
  const { rows, errors } = await run('SELECT id, ECHO(d, p) AS e FROM s', [
    '{"d":12.5,"p":{"x":1,"y":[9007199254740993]}}',
    '{"d":null,"p":{"x":1,"y":[]}}',
  ]);
  expect(rows).toEqual([
    'k@0 {"E":{"TEXT":"string12.501","D":12.500,"Y":[9007199254740993,4611686018427387904]}}',
    'k@1 {"E":null}',
  ]);
  expect(errors).toBe(0);
});

test('a call that throws or gives another type is null and told of; the rows go on', async () => {
  await load(
    define(
      'scalar',
      'fragile',
      "{ params: 'n INTEGER', returns: 'INTEGER', eval: (n) => { if (n === 1) throw new Error('one'); return n === 2 ? 'two' : n; } }",
    ),
  );
  const { rows, errors } = await run('SELECT id, FRAGILE(n) AS f FROM s', ['{"n":0}', '{"n":1}', '{"n":2}', '{"n":3}']);
  expect(rows).toEqual(['k@0 {"F":0}', 'k@1 {"F":null}', 'k@2 {"F":null}', 'k@3 {"F":3}']);
  expect(errors).toBe(2);
});

test('an endless call is stopped, in SELECT, in WHERE and in an aggregate; the others of its batch are not lost', async () => {
  setLimit(50);
  await load(
    [
      define(
        'scalar',
        'spin',
        "{ params: 'n INTEGER', returns: 'INTEGER', eval: (n) => { while (n === 1); return n; } }",
      ),
      define(
        'aggregate',
        'spin_sum',
        "{ params: 'n INTEGER', returns: 'INTEGER', init: () => 0, add: (sum, n) => { while (n === 1); return sum + n; } }",
      ).replace('const f', 'const g'),
    ].join('\n'),
  );
  const values = ['{"n":0}', '{"n":1}', '{"n":2}'];
  expect((await run('SELECT id, SPIN(n) AS f FROM s', values)).rows).toEqual([
    'k@0 {"F":0}',
    'k@1 {"F":null}',
    'k@2 {"F":2}',
  ]);
  expect((await run('SELECT id, n FROM s WHERE SPIN(n) >= 0', values)).rows).toEqual(['k@0 {"N":0}', 'k@2 {"N":2}']);
  expect((await run('SELECT id, SPIN_SUM(n) AS f FROM s GROUP BY id', values)).rows.at(-1)).toBe('k@2 {"F":2}');
});

test('what cannot be loaded is told of with its file', async () => {
  const wrong: [code: string, why: string][] = [
    ['export const f = 7;', 'an export is no function definition'],
    [
      define('scalar', 'lcase', "{ params: 'a STRING', returns: 'STRING', eval: (a) => a }"),
      'LCASE is a function of Millrace',
    ],
    [define('scalar', 'f1', "{ params: 'a TEXT', returns: 'STRING', eval: (a) => a }"), 'no type TEXT'],
    [define('scalar', 'f2', "{ params: 'a STRING', returns: 'STRING' }"), 'has no eval'],
    [define('aggregate', 'f3', "{ params: 'a STRING', returns: 'STRING', eval: (a) => a }"), 'has no init and add'],
    [define('scalar', 'no name', "{ params: '', returns: 'STRING', eval: () => '' }"), 'is no name'],
    ['export const f = {', 'wrong.mjs'],
  ];
  for (const [code, why] of wrong) await expect(load(code, 'wrong.mjs'), code).rejects.toThrow(why);
  await expect(load('export const f = 7;', 'wrong.mjs')).rejects.toThrow('wrong.mjs of the extension folder');
  expect(await loadFunctions(join(tmpdir(), 'no such folder'))).toBe(0);
});
