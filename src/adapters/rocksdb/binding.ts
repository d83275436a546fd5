import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { noSpan } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';

const name = '@nxtedition/rocksdb';
const require = createRequire(import.meta.url);

/** The machines that the package has a build for. */
function builds(): string {
  try {
    return readdirSync(join(dirname(require.resolve(`${name}/package.json`)), 'prebuilds')).join(' and ');
  } catch {
    return 'none';
  }
}

/** The package of RocksDB's binding; where it has no build for this machine an error that says so. */
export function loadRocks(load: () => unknown = () => require(name)): unknown {
  try {
    return load();
  } catch (error) {
    const why = (error as Error).message.split('\n')[0]!;
    throw new SqlError('STATE_UNAVAILABLE', noSpan, {
      machine: `${process.platform}-${process.arch}`,
      builds: builds(),
      why,
    });
  }
}
