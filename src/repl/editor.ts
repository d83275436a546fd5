import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServerError } from './client.ts';

/** The program of `names` that the environment has; the last is one to fall back to. */
export const programOf = (names: readonly string[], otherwise: string): string =>
  names.map((name) => process.env[name]).find((program) => program !== undefined && program !== '') ?? otherwise;

/**
 * Has somebody edit a text, as psql's `\e` does: in $VISUAL, $EDITOR or vi, in a file of its own or one that is named. Returns what
 * they leave; throws when the editor ends otherwise than well.
 */
export function edited(text: string, file?: string): string {
  const folder = file === undefined ? mkdtempSync(join(tmpdir(), 'millrace-edit-')) : undefined;
  const path = file ?? join(folder!, 'statement.sql');
  try {
    if (file === undefined) writeFileSync(path, `${text}\n`, { mode: 0o600 });
    const editor = programOf(['VISUAL', 'EDITOR'], process.platform === 'win32' ? 'notepad' : 'vi');
    // The variable may have arguments, as in "code --wait": the shell takes them apart.
    const { status, error } = spawnSync(`${editor} ${quotedPath(path)}`, { shell: true, stdio: 'inherit' });
    if (status !== 0)
      throw new ServerError({
        message: `${editor} ended with ${status ?? error?.message ?? 'a signal'}`,
        hint: 'It is $VISUAL, $EDITOR or vi.',
      });
    return readFileSync(path, 'utf8').trim();
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

const quotedPath = (path: string): string =>
  process.platform === 'win32' ? `"${path}"` : `'${path.replaceAll("'", `'\\''`)}'`;
