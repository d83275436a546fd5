import { readFileSync } from 'node:fs';
import { packageRoot } from '../util/package-root.ts';

/** The version of this package. */
export const version = (
  JSON.parse(readFileSync(new URL('package.json', packageRoot(import.meta.url)), 'utf8')) as { version: string }
).version;
