import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { registerProvider } from '../../extensions/providers.ts';
import { registerTransform } from '../../extensions/transforms.ts';
import { registerFunction } from '../registry.ts';
import { builtFunction, InvalidDefinition } from './build.ts';
import { builtProvider } from './build-provider.ts';
import { builtTransform } from './build-transform.ts';
import { resolveOwnName } from './self-import.ts';

/**
 * Registers what every module in a folder defines, functions, and providers and transforms of models, in order of file names; returns the number. A
 * missing folder has none. Throws `InvalidDefinition` with the file's name for a module that cannot be used.
 */
export async function loadExtensions(folder: string): Promise<number> {
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
        registerDefinition(definition, path);
        count++;
      }
    } catch (error) {
      throw new InvalidDefinition(`${file} of the extension folder ${folder}: ${(error as Error).message}`);
    }
  }
  return count;
}

function registerDefinition(definition: unknown, path: string): void {
  const isObject = typeof definition === 'object' && definition !== null;
  const kind = isObject ? (definition as { kind?: unknown }).kind : undefined;
  if (isObject && kind === 'provider') registerProvider(builtProvider(definition, path));
  else if (isObject && kind === 'transform') registerTransform(builtTransform(definition, path));
  else registerFunction(builtFunction(definition, path));
}
