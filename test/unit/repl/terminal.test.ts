import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startWith } from '../../support/access.ts';
import { root } from '../../support/program.ts';

const python = process.env['MILLRACE_TEST_PYTHON'] ?? 'python3';
const hasTerminal = spawnSync(python, ['-c', 'import pty']).status === 0;

/** Types into `millrace cli` at a terminal: keys, and what must then be seen. */
async function typing(url: string, steps: readonly (readonly [keys: string, seen: string])[]): Promise<string> {
  const script = join(root, 'test/support/terminal.py');
  const child = spawn(python, [script, process.execPath, join(root, 'bin/millrace.mjs'), 'cli', url], {
    env: {
      ...process.env,
      HOME: mkdtempSync(join(tmpdir(), 'millrace-home-')),
      TERM: 'xterm',
      NO_COLOR: '1',
      // Changes what it is given, and says so by how it ends.
      VISUAL: `"${process.execPath}" -e "const fs = require('fs'), path = process.argv[1]; fs.writeFileSync(path, fs.readFileSync(path, 'utf8').replace('one', 'two'))"`,
      MILLRACE_PAGER: `"${process.execPath}" -e "let all = ''; process.stdin.on('data', (text) => (all += text)).on('end', () => console.log('PAGED ' + all.trim().split('\\n').length))"`,
    },
  });
  child.stdin.end(JSON.stringify(steps));
  let said = '';
  child.stderr.on('data', (text: Buffer) => (said += text.toString()));
  await new Promise((resolve) => child.once('exit', resolve));
  return said;
}

test.skipIf(!hasTerminal)(
  'at a terminal statements are edited and found again, long answers paged or cut, and a table changes in place (needs Python)',
  async () => {
    const node = await startWith({});
    const rows = Array.from({ length: 30 }, (_, i) => `INSERT INTO s VALUES ('k${i}', ${i});`).join(' ');
    const [back, end] = ['\u0012', '\u0003'];
    const said = await typing(node.server.url, [
      ['', 'millrace> '],
      [
        "CREATE STREAM s (k STRING KEY, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);\r",
        'Stream created.*millrace> ',
      ],
      ["SET 'auto.offset.reset'='earliest';\r", 'millrace> $|millrace> \u001b'],
      ['CREATE TABLE c AS SELECT k, COUNT(*) AS n FROM s GROUP BY k;\r', 'Created query.*millrace> '],
      [`${rows}\r`, 'k29.*\n.*millrace> '],
      ["DEFINE x = 'one';\r", '\n.*millrace> '],
      ['\\e\r', "DEFINE x = 'two'"],
      [`${back}show q`, 'failed reverse-i-search'],
      ['\u0007', 'millrace> '],
      ['SHOW VARIABLES;\r', 'two.*millrace> '],
      [`${back}show v`, 'SHOW VARIABLES'],
      ['\r', 'X +\\| two.*millrace> '],
      // The rule, the names, the rule, 30 rows, the rule and their count.
      ['SELECT * FROM c;\r', 'PAGED 35.*millrace> '],
      ['\\pager\r', 'pager is off.*millrace> '],
      ['\\limit 3\r', '3 rows are shown.*millrace> '],
      ['SELECT * FROM c;\r', 'Stopped at 3 rows.*millrace> '],
      ['\\live c\r', '30 rows, the 19 that changed last \\| 30 changes'],
      [end, 'k29 .*millrace> '],
      ['\\q\r', ''],
    ]);
    await node.close();
    expect(said).toBe('');
  },
  120_000,
);
