// Bundles `dist/src` into `dist/bundle`, which is what runs: a process or a worker thread loads a few files instead of hundreds, so
// that a thread starts in half the time. Packages stay outside. The entries lie in one folder, as `workerPath` expects them.
import { rmSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const entries = {
  main: 'src/cli/main.js',
  'kafka-worker': 'src/cli/kafka-worker.js',
  'onnx-worker': 'src/adapters/models/onnx-worker.js',
  'catalog-worker': 'src/server/postgres/catalog-worker.js',
  // Users' modules and the package's own get the same instance.
  api: 'src/functions/user/api.js',
  bench: 'bench/main.js',
  'pull-load': 'bench/pull-load.js',
};

const dir = `${dist}bundle`;
rmSync(dir, { recursive: true, force: true });
const bundle = await rolldown({
  input: Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, dist + path])),
  platform: 'node',
  external: (id) => !id.startsWith('.') && !isAbsolute(id),
});
await bundle.write({ dir, format: 'esm', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' });
