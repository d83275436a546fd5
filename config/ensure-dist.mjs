// Builds `dist` when it is missing or older than the newest source: Node 20 runs no TypeScript, and
// worker threads load `dist`. The commands load the bundle.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = join(root, 'dist/.tsbuildinfo');

function newest(folder) {
  let time = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) time = Math.max(time, newest(path));
    else if (entry.name.endsWith('.ts')) time = Math.max(time, statSync(path).mtimeMs);
  }
  return time;
}

const built = existsSync(stamp) ? statSync(stamp).mtimeMs : 0;
const sources = ['src', 'grammar', 'bench', 'test']
  .map((folder) => join(root, folder))
  .filter((folder) => existsSync(folder));
if (built < Math.max(...sources.map(newest), statSync(join(root, 'package.json')).mtimeMs)) {
  process.stderr.write('building dist …\n');
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const result = spawnSync(process.execPath, [tsc, '-p', join(root, 'config/tsconfig.build.json')], {
    stdio: ['ignore', 2, 2],
  });
  if (result.status !== 0) process.exit(result.status ?? 1);
  await import('./bundle.mjs');
  const { utimesSync } = await import('node:fs');
  utimesSync(stamp, new Date(), new Date());
}
