import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');

test('each threat of docs/security.md names tests that exist', () => {
  const [, table = ''] = readFileSync(join(root, 'docs/security.md'), 'utf8').split('## Threats');
  const rows = [...table.matchAll(/^\|[^|]*\|[^|]*\| `([^`]*)`: (.*) \|$/gm)];
  expect(rows.length).toBe([...table.matchAll(/^\| /gm)].length - 2);
  const missing = rows.flatMap(([, file, names]) => {
    const text = readFileSync(join(root, file!), 'utf8');
    return names!.split(' · ').filter((name) => !text.includes(`'${name}`));
  });
  expect(rows.length).toBeGreaterThan(20);
  expect(missing).toEqual([]);
});
