import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const bin = fileURLToPath(new URL('../../../bin/millrace.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'millrace-cli-'));
const state = join(folder, 'state');

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}
/** Runs the built command line in the shell, so that it may be piped. */
const cli = (args: string, rest = ''): Ended =>
  spawnSync(`"${process.execPath}" "${bin}" cli --state-dir "${state}" ${args} ${rest}`, {
    shell: true,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
    input: '',
  });

test('the answers of a file go to stdout, its error with file and line to stderr, and nothing behind it runs', () => {
  const file = join(folder, 'a.sql');
  writeFileSync(
    file,
    `CREATE STREAM s (k STRING KEY, v INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);\n\nDESCRIBE nope;\nSHOW STREAMS;\n`,
  );
  const { status, stdout, stderr } = cli(`-f "${file}"`);
  expect([status, stdout]).toEqual([1, 'Stream created\n']);
  expect(stderr).toContain(`${file}:3:10: SOURCE_NOT_FOUND: "NOPE" does not exist`);
});

test('statements that are piped in are run without a prompt', () => {
  const { status, stdout } = spawnSync(process.execPath, [bin, 'cli', '--state-dir', state, '-o', 'json'], {
    encoding: 'utf8',
    input: 'SHOW TOPICS;\nSHOW QUERIES;\n',
  });
  expect(status).toBe(0);
  expect(stdout).not.toContain('millrace>');
  expect(stdout.trim()[0]).toMatch(/[[{]/);
});

test.each([
  ['-o xml', 'it must be one of tabular, json, csv'],
  ['--on-error ignore', 'it must be one of stop, continue'],
  ['-f none.sql', 'the file none.sql does not exist'],
  ['-e "SHOW NONSENSE;"', 'SYNTAX'],
])('%s is refused in a line, without a stack', (args, text) => {
  const { status, stdout, stderr } = cli(args);
  expect([status, stdout]).toEqual([1, '']);
  expect(stderr).toContain(text);
  expect(stderr).not.toContain('    at ');
});

test('a slow reader gets all that was written', () => {
  const args = `-o json -e "${'SHOW FUNCTIONS; '.repeat(10)}"`;
  const all = cli(args).stdout.length;
  expect(all).toBeGreaterThan(150_000);
  expect(Number(cli(args, '| (sleep 3; wc -c)').stdout)).toBe(all);
});

test('the command line talks to a server without loading one, or the parser', () => {
  const loaded = spawnSync(process.execPath, [bin, 'cli', 'http://127.0.0.1:1', '-e', 'SHOW STREAMS;'], {
    encoding: 'utf8',
    env: { ...process.env, NODE_DEBUG: 'esm' },
    maxBuffer: 1 << 26,
  });
  expect(loaded.stderr).toMatch(/bundle\/client-[\w-]+\.js/);
  expect(loaded.stderr).not.toMatch(/node_modules\/(chevrotain|express|@nxtedition)|\/(start-node|parser)-[\w-]+\.js/);
});

test.each([
  ['csv', 'K,V,T\na,1,\n"x,""y""",,""\n'],
  ['tsv', 'K\tV\tT\na\t1\t\\N\nx,"y"\t\\N\t\n'],
  ['jsonl', '{"K":"a","V":1,"T":null}\n{"K":"x,\\"y\\"","V":null,"T":""}\n'],
  ['markdown', '| K | V | T |\n| --- | ---: | --- |\n| a | 1 | <null> |\n| x,"y" | <null> |  |\n'],
])('rows as %s go into a pipe as they are, messages do not', (output, rows) => {
  const file = join(folder, `${output}.sql`);
  writeFileSync(
    file,
    `CREATE STREAM r_${output} (k STRING KEY, v INT, t STRING) WITH (kafka_topic='r_${output}', value_format='JSON', partitions=1);
     INSERT INTO r_${output} VALUES ('a', 1, NULL); INSERT INTO r_${output} VALUES ('x,"y"', NULL, '');
     SET 'auto.offset.reset'='earliest';
     SELECT * FROM r_${output};`,
  );
  const { status, stdout, stderr } = cli(`-o ${output} -f "${file}"`);
  expect(status).toBe(0);
  if (output === 'markdown') expect(stdout).toContain(rows);
  else expect([stdout, stderr]).toEqual([rows, expect.stringContaining('Stream created')]);
});

test('numbers stand at the right; rows that do not fit stand as lines', () => {
  const file = join(folder, 'wide.sql');
  const columns = Array.from({ length: 30 }, (_, i) => `c${i} INT`).join(', ');
  writeFileSync(
    file,
    `CREATE STREAM n (k STRING KEY, v INT, ${columns}) WITH (kafka_topic='n', value_format='JSON', partitions=1);
     INSERT INTO n (k, v) VALUES ('a', 1); SET 'auto.offset.reset'='earliest';
     SELECT k, v FROM n; SELECT * FROM n;`,
  );
  const { stdout } = cli(`-o box -f "${file}"`);
  expect(stdout).toMatch(/│ a +│ +1 │/);
  expect(stdout).toMatch(/-\[ RECORD 1 \]-*\nK +\| a\nV +\| 1\nC0 +\| <null>/);
  expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
});

test('numbers are shown as they are, and a table is drawn to its end before anything else is told', () => {
  const file = join(folder, 'numbers.sql');
  writeFileSync(
    file,
    `CREATE STREAM big (k STRING KEY, n BIGINT, d DECIMAL(30, 10), s STRUCT<n BIGINT>)
       WITH (kafka_topic='big', value_format='JSON', partitions=1);
     INSERT INTO big VALUES ('a', 9007199254740993, 12345678901234567890.0123456789, STRUCT(n := 9007199254740995));
     INSERT INTO big (k) VALUES ('two
lines');
     SELECT * FROM big;`,
  );
  const shown = (output: string): string => cli(`-o ${output} -f "${file}"`).stdout;
  const first = shown('csv');
  expect(first).toContain('a,9007199254740993,12345678901234567890.0123456789,"{""N"":9007199254740995}"\n');
  writeFileSync(file, 'SELECT * FROM big;');
  const row = '9007199254740993,"D":12345678901234567890.0123456789,"S":{"N":9007199254740995}}';
  expect(shown('jsonl')).toContain(`{"K":"a","N":${row}\n`);
  expect(shown('json')).toContain('{"row":{"columns":["a",9007199254740993,12345678901234567890.0123456789,');
  expect(shown('box')).toMatch(/│ a +│ +9007199254740993 │[^]*┘\nQuery Completed\n2 rows\n$/);
  expect(shown('expanded')).toContain('\nK | two\n  | lines\nN | <null>\n');
});

test.each([
  ['csv', 'SHOW FUNCTIONS; SHOW TOPICS;'],
  ['box', 'SHOW FUNCTIONS; SHOW TOPICS;'],
  ['tabular', 'PRINT counted FROM BEGINNING; SHOW NONSENSE;'],
  ['jsonl', 'SELECT * FROM counted EMIT CHANGES; SHOW NONSENSE;'],
])('whoever reads a pipe may go: %s of %s', (output, sql) => {
  // Variables that are named like settings, as those of the tests are, are told of on stderr.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MILLRACE_')));
  const [errors, status] = [join(folder, 'errors'), join(folder, 'status')];
  cli(
    `-e "CREATE STREAM IF NOT EXISTS counted (n INT) WITH (kafka_topic='counted', value_format='JSON', partitions=1); ${'INSERT INTO counted VALUES (1); '.repeat(20)}"`,
  );
  spawnSync(
    `("${process.execPath}" "${bin}" cli --state-dir "${state}" --set auto.offset.reset=earliest -o ${output} -e "${sql}" 2>"${errors}"; echo $? >"${status}") | true`,
    { shell: true, env },
  );
  expect([readFileSync(errors, 'utf8'), readFileSync(status, 'utf8')]).toEqual(['', '0\n']);
});

test('a script goes on after an error where it is told to, and fails all the same', () => {
  const file = join(folder, 'b.sql');
  writeFileSync(file, `-- a comment; with a semicolon\nDESCRIBE nope;\n\n  SELECT 1 FROM\n    'x;y';\nSHOW TOPICS;`);
  const { status, stdout, stderr } = cli(`--on-error continue -o csv -f "${file}"`);
  expect([status, stdout.split('\n')[0]]).toEqual([1, 'Kafka Topic,Partitions,Replicas']);
  expect(stderr).toContain(`${file}:2:10: SOURCE_NOT_FOUND`);
  expect(stderr).toContain(`${file}:5:5: `);
});

test('a file that runs headless ends with status 1 where another statement made what it makes', () => {
  const [first, second] = ['n INT', 'n BIGINT'].map((column, i) => {
    const file = join(folder, `headless-${i}.sql`);
    const text = `\nCREATE STREAM h (k STRING KEY, ${column}) WITH (kafka_topic='h', value_format='JSON', partitions=1);\n`;
    writeFileSync(file, i === 0 ? text : `-- changed${text}`);
    return file;
  });
  expect(cli(`-f "${first}"`).status).toBe(0);
  const { status, stderr } = spawnSync(
    process.execPath,
    [bin, 'run', second!, '--state-dir', state, '--listeners', 'http://127.0.0.1:0'],
    { encoding: 'utf8' },
  );
  expect(status).toBe(1);
  expect(stderr).toContain(
    `${second}:2:15: MADE_OTHERWISE: source "H" is there already, made by another statement: CREATE STREAM h (k STRING KEY, n INT)`,
  );
  expect(stderr).toContain('CREATE OR REPLACE changes it');
  expect(stderr).not.toContain('    at ');
});
