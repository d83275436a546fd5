import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');

test('every thread and process that the source starts is an entry of the bundle', () => {
  const bundle = readFileSync(join(root, 'config/bundle.mjs'), 'utf8');
  const started = ['src', 'bench']
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
    )
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) =>
      [
        ...readFileSync(join(root, file), 'utf8').matchAll(
          /workerPath\(import\.meta\.url, '([^']+)'\)|new URL\('\.\/([^']+)\.js', import\.meta\.url\)/g,
        ),
      ].map(([, worker, url]) => join(dirname(file), `${worker ?? url!}.js`)),
    );
  expect(started.length).toBeGreaterThan(3);
  // Files of one folder have one name each.
  expect(new Set(started.map((file) => basename(file))).size).toBe(started.length);
  for (const file of started) expect(bundle).toContain(`'${file}'`);
});
