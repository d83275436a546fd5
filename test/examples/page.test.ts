import { execFile, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { duckDb, newFolder, rowsOf } from '../support/files.ts';
import { freePort } from '../support/redis.ts';

const page = new URL('../../docs/from-events-to-features-to-training.md', import.meta.url);
const bin = fileURLToPath(new URL('../../bin/millrace.mjs', import.meta.url));

interface Block {
  readonly language: string;
  readonly text: string;
  /** The lines that are shown behind it. */
  shown: readonly string[];
}
function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  for (const [, language, inner] of text.matchAll(/^```(\w*)\n([^]*?)^```$/gm)) {
    if (language === '') blocks.at(-1)!.shown = inner!.trim().split('\n');
    else blocks.push({ language: language!, text: inner!.trim(), shown: [] });
  }
  return blocks;
}

/** What of the lines is not in the output, in this order; `…` stands for anything within a line. */
function missingIn(output: string, lines: readonly string[]): readonly string[] {
  let at = 0;
  for (const [i, line] of lines.entries()) {
    const parts = line.split('…').map((part) => part.trim().replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    const match = new RegExp(parts.join('[^\\n]*?')).exec(output.slice(at));
    if (match === null) return [...lines.slice(i), output];
    at += match.index + match[0].length;
  }
  return [];
}

test('every command of the page for newcomers gives what it shows', async () => {
  const folder = newFolder();
  const port = await freePort();
  const bins = join(folder, 'bin');
  mkdirSync(bins);
  writeFileSync(join(bins, 'millrace'), `#!/bin/sh\nexec '${process.execPath}' '${bin}' "$@"\n`);
  chmodSync(join(bins, 'millrace'), 0o755);
  const env = { ...process.env, PATH: `${bins}${delimiter}${process.env['PATH']}` };
  const here = (text: string): string => text.replaceAll('localhost:8088', `127.0.0.1:${port}`);
  const shell = (text: string): Promise<string> =>
    new Promise((resolve) => {
      execFile('bash', ['-euc', here(text)], { cwd: folder, env }, (error, stdout, stderr) => {
        resolve(error === null ? stdout : `failed: ${stderr}${stdout}`);
      });
    });
  const duckdb = await duckDb();
  const cli = `millrace cli http://localhost:8088 --output tabular --file`;
  const run = async ({ language, text }: Block): Promise<string> => {
    if (language === 'sh') return shell(text);
    if (text.startsWith('-- DuckDB'))
      return (await rowsOf(duckdb, text.replaceAll("parquet('", `parquet('${folder}/`)))
        .map((row) => JSON.stringify(row))
        .join('\n');
    writeFileSync(join(folder, 'typed.sql'), text);
    return shell(`${cli} typed.sql`);
  };
  const [first, ...others] = blocksOf(readFileSync(page, 'utf8'));
  expect(first!.text).toBe('millrace server');
  expect(others.filter(({ shown }) => shown.length > 0).length).toBeGreaterThan(8);
  const server = spawn(process.execPath, [bin, 'server', '--listeners', `http://127.0.0.1:${port}`], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  try {
    await new Promise<void>((ready) => {
      server.stderr.on('data', (said: Buffer) => {
        if (said.includes('serves http')) ready();
      });
    });
    for (const block of others) {
      // What is created is asked for once; what is shown of it may need a moment.
      const isRead = /^(SELECT|SHOW|-- DuckDB|curl|find)/.test(block.text);
      let output = await run(block);
      for (let i = 0; i < 40 && isRead && missingIn(output, block.shown).length > 0; i++) {
        await new Promise((resolve) => setTimeout(resolve, 250));
        output = await run(block);
      }
      expect.soft([block.text, missingIn(output, block.shown)]).toEqual([block.text, []]);
      expect.soft(output).not.toMatch(/^failed: /);
    }
  } finally {
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGTERM');
    await ended;
  }
}, 180_000);
