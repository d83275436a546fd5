import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { registerFunction } from '../registry.ts';
import { builtFunction, InvalidFunction } from './build.ts';
import { resolveOwnName } from './self-import.ts';

/**
 * Registers the functions of every module in a folder, in order of file names; returns their number. A missing folder has none.
 * Throws `InvalidFunction` with the file's name for a module that cannot be used.
 */
export async function loadFunctions(folder: string): Promise<number> {
  if (!existsSync(folder)) return 0;
  resolveOwnName();
  const files = readdirSync(folder)
    .filter((file) => /\.[cm]?[jt]s$/.test(file) && !/\.d\.[cm]?ts$/.test(file))
    .sort();
  let count = 0;
  for (const file of files) {
    const path = resolve(join(folder, file));
    try {
      const exports = (await import(pathToFileURL(path).href)) as Record<string, unknown>;
      for (const definition of Object.values(exports).flatMap((value) =>
        Array.isArray(value) ? (value as unknown[]) : [value],
      )) {
        registerFunction(builtFunction(definition, path));
        count++;
      }
    } catch (error) {
      throw new InvalidFunction(`${file} of the extension folder ${folder}: ${(error as Error).message}`);
    }
  }
  return count;
}
