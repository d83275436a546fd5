import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { newFolder } from '../../support/files.ts';
import { pgClient } from '../../support/postgres.ts';

/** The processes of the catalogue's database whose parent is a process. */
const databasesOf = (parent: number): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
        return Number(fields[1]) === parent && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('catalog-worker');
      } catch {
        return false;
      }
    });
const isThere = (pid: number): boolean => {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
};

test.skipIf(process.platform !== 'linux')(
  'the catalogue’s database ends with its node, also in a statement that has no end',
  async () => {
    const folder = newFolder();
    const node = spawn(
      process.execPath,
      [
        join(import.meta.dirname, '../../../bin/millrace.mjs'),
        'server',
        ...['--state-dir', folder, '--listeners', 'http://127.0.0.1:0', '--set', 'postgres.listener=0'],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let text = '';
    node.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    try {
      await expect.poll(() => text, { timeout: 30_000 }).toMatch(/PostgreSQL clients are served at \S+:\d+/);
      const port = Number(/PostgreSQL clients are served at \S+:(\d+)/.exec(text)![1]);
      const client = await pgClient(port);
      await client.query('SELECT 1 FROM pg_class LIMIT 1');
      const [database, ...others] = databasesOf(node.pid!);
      expect(others).toEqual([]);
      const endless = client.query('SELECT count(*) FROM generate_series(1, 1000000000000) a').catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 1000));
      expect(isThere(database!)).toBe(true);
      node.kill('SIGKILL');
      await endless;
      await expect.poll(() => isThere(database!), { timeout: 15_000 }).toBe(false);
    } finally {
      node.kill('SIGKILL');
    }
  },
  90_000,
);
