import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of a node, with a function DEADLY that runs `code` for keys that begin with "bad". */
export function deadlyFolder(code: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-deadly-'));
  mkdirSync(join(folder, 'functions'));
  writeFileSync(
    join(folder, 'functions', 'deadly.mjs'),
    `import { scalar } from 'millrace/functions';
export const deadly = scalar({
  name: 'DEADLY', doc: 'Is harmful to bad.',
  overloads: [{ params: 'k STRING', returns: 'STRING', eval: (k) => { if (k.startsWith('bad')) { ${code} } return k; } }],
});`,
  );
  return folder;
}
