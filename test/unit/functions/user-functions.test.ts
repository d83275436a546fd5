import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { SqlError } from '../../../src/diagnostics/sql-error.ts';
import { loadExtensions } from '../../../src/functions/user/load.ts';
import { setLimit } from '../../../src/functions/user/watch.ts';
import { openEngine } from '../../support/memory-node.ts';
import { consume } from '../../support/topics.ts';

afterEach(() => setLimit(1000));

async function load(code: string, file = 'fns.mjs'): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-ext-'));
  writeFileSync(join(folder, file), code);
  return loadExtensions(folder);
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
  setLimit(300);
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
  expect(await loadExtensions(join(tmpdir(), 'no such folder'))).toBe(0);
});

test('an aggregate without merge is refused where parts are put together', async () => {
  await load(
    define(
      'aggregate',
      'unmerged',
      "{ params: 'n INTEGER', returns: 'INTEGER', init: () => 0, add: (sum, n) => sum + n }",
    ),
  );
  const select = (window: string): string => `SELECT id, UNMERGED(n) AS f FROM s WINDOW ${window} GROUP BY id`;
  for (const window of ['SESSION (1 SECOND)', 'SLIDING (SIZE 1 SECOND)'])
    await expect(run(select(window), [])).rejects.toMatchObject({ code: 'AGGREGATE_NO_MERGE' });
  expect((await run(select('CUMULATE (SIZE 2 SECONDS, STEP 1 SECOND)'), ['{"n":5}'])).rows).toEqual([
    expect.stringContaining('{"F":5}'),
    expect.stringContaining('{"F":5}'),
  ]);
});

const listing = (name: string, more = ''): string =>
  define(
    'aggregate',
    name,
    `{ params: 'n INTEGER', returns: 'STRING', init: () => [], result: (list) => list.join(), ${more}
       add: (list, n) => { list.push(n); if (n === 13) throw new Error('thirteen'); while (n === 14); return list; } }`,
  ).replace('const f', `const ${name}`);

test('a value that fails with OVER costs its row the column, is told of once, and is in no other frame', async () => {
  setLimit(300);
  await load(
    [listing('by_scan'), listing('by_merge', 'merge: (left, right) => [...left, ...right],')].join('\n'),
    'listing.mjs',
  );
  const values = [1, 13, 2, 14, 3, 4].map((n) => `{"n":${n}}`);
  for (const [fn, frames] of [
    ['BY_SCAN', ['ROWS 2 PRECEDING', 'RANGE 2 MILLISECONDS PRECEDING', 'RANGE 2 MILLISECONDS PRECEDING MAXSIZE 3']],
    ['BY_MERGE', ['ROWS 2 PRECEDING', 'RANGE 2 MILLISECONDS PRECEDING', 'ROWS 2 PRECEDING MAXSIZE 5']],
  ] as const)
    for (const frame of frames) {
      const select = `SELECT id, n, ${fn}(n) OVER (PARTITION BY id ORDER BY ROWTIME ${frame}) AS f FROM s`;
      const { rows, errors } = await run(select, values);
      expect(rows, frame).toEqual([
        'k@0 {"N":1,"F":"1"}',
        'k@1 {"N":13,"F":null}',
        'k@2 {"N":2,"F":"1,2"}',
        'k@3 {"N":14,"F":null}',
        'k@4 {"N":3,"F":"2,3"}',
        'k@5 {"N":4,"F":"3,4"}',
      ]);
      expect(errors, frame).toBe(2);
    }
  const tiled = `SELECT id, n, BY_MERGE(n) OVER (PARTITION BY id ORDER BY ROWTIME RANGE 10 MILLISECONDS PRECEDING TILE 10 MILLISECONDS) AS f FROM s`;
  expect((await run(tiled, values)).rows.map((row) => row.slice(row.indexOf('"F"')))).toEqual([
    '"F":"1"}',
    '"F":null}',
    '"F":"1,2"}',
    '"F":null}',
    '"F":"1,2,3"}',
    '"F":"1,2,3,4"}',
  ]);
  const before = `SELECT id, n, BY_SCAN(n) OVER (PARTITION BY id ORDER BY ROWTIME ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING) AS f FROM s`;
  const { rows, errors } = await run(before, values.slice(0, 3));
  expect([...rows, errors]).toEqual(['k@0 {"N":1,"F":""}', 'k@1 {"N":13,"F":"1"}', 'k@2 {"N":2,"F":"1"}', 1]);
});

test('tiles are refused for what cannot merge them, and EXPLAIN tells what reads its frame for each row', async () => {
  await load([listing('no_merge'), listing('with_merge', 'merge: (left, right) => left,')].join('\n'), 'two.mjs');
  const over = (call: string, frame: string): string =>
    `SELECT id, ${call} OVER (PARTITION BY id ORDER BY ROWTIME ${frame}) AS f FROM s`;
  const hour = 'RANGE 1 HOUR PRECEDING';
  for (const call of ['NO_MERGE(n)', 'NO_MERGE(n) FILTER (WHERE n > 1)']) {
    const sql = over(call, `${hour} TILE 5 MINUTES`);
    const error = await run(sql, []).then(
      () => undefined,
      (thrown: unknown) => thrown as SqlError,
    );
    expect(error).toMatchObject({ code: 'TILE_INVALID', hint: 'Give it a window of its own without tiles.' });
    expect(error!.message).toContain('NO_MERGE has no merge');
    expect(error!.span.source.text.slice(error!.span.start, error!.span.end)).toBe('NO_MERGE');
  }
  const node = await openEngine();
  await node.run(
    "CREATE STREAM s (id STRING KEY, n INT, d DOUBLE) WITH (kafka_topic='s', value_format='JSON', partitions=1);",
  );
  const explained = async (call: string, frame: string): Promise<boolean> =>
    JSON.stringify(await node.run(`EXPLAIN ${over(call, frame)} EMIT CHANGES;`)).includes(
      'reads its frame for each row',
    );
  for (const frame of [hour, 'ROWS 5 PRECEDING', 'ROWS UNBOUNDED PRECEDING MAXSIZE 7', `${hour} EXCLUDE CURRENT ROW`]) {
    for (const call of ['NO_MERGE(n)', 'COLLECT_LIST(n)', 'COLLECT_SET(d)'])
      expect(await explained(call, frame), `${call} ${frame}`).toBe(true);
    for (const call of ['WITH_MERGE(n)', 'SUM(n)', 'SUM(d)', 'MAX(d)', 'LAST_VALUE(n)', 'TOPK(n, 3)'])
      expect(await explained(call, frame), `${call} ${frame}`).toBe(false);
  }
  for (const call of ['NO_MERGE(n)', 'SUM(n)'])
    expect(await explained(call, 'ROWS UNBOUNDED PRECEDING'), call).toBe(false);
  await node.close();
});

test('a module in a folder of its own imports millrace/functions', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-ext-'));
  writeFileSync(
    join(folder, 'own.mjs'),
    `import { scalar } from 'millrace/functions';
     export const twice = scalar({ name: 'TWICE', doc: 'twice', overloads: [{ params: 'n INTEGER', returns: 'INTEGER', eval: (n) => 2 * n }] });`,
  );
  const load = new URL('../../../dist/src/functions/user/load.js', import.meta.url).href;
  const code = `import { loadExtensions } from ${JSON.stringify(load)}; console.log(await loadExtensions(${JSON.stringify(folder)}));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect([stdout.trim(), stderr]).toEqual(['1', '']);
});
