import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
/** Loads a model, calls it with many rows, and stops it while the calls are under way. */
const script = `
  import { OnnxProvider } from ${JSON.stringify(join(root, 'dist/src/adapters/models/onnx-provider.js'))};
  const type = { kind: 'DOUBLE' };
  const columns = (...names) => names.map((name) => ({ name, type }));
  const provider = new OnnxProvider();
  const version = { version: 1, options: { PATH: 'test/golden/models/sum.onnx' } };
  const model = await provider.load(version, { input: columns('A', 'B'), output: columns('TOTAL', 'PRODUCT') });
  const rows = Array.from({ length: 200_000 }, (_, i) => [i, 1]);
  let answered = 0;
  for (let i = 0; i < 4; i++) model.score(rows).then(() => answered++, () => undefined);
  if (process.env.AFTER !== '') await new Promise((resolve) => setTimeout(resolve, Number(process.env.AFTER)));
  await provider.close();
  await model.score(rows).then(() => console.log('scored'), ({ message }) => console.log(answered, message));
  process.exit(0);`;

const ended = (after: number | ''): Promise<string> =>
  new Promise((resolve) => {
    const file = join(mkdtempSync(join(tmpdir(), 'millrace-onnx-')), 'stop.mjs');
    writeFileSync(file, script);
    const child = spawn(process.execPath, [file], {
      cwd: root,
      env: { ...process.env, AFTER: String(after) },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (text: Buffer) => (said += text.toString()));
    child.once('close', (code, signal) => resolve(`${code ?? signal} ${said.trim()}`));
  });

test('models that are stopped at work answer what they were asked, and the process goes on', async () => {
  for (const after of ['', 0, 1] as const) expect(await ended(after)).toBe('0 4 the worker has been stopped');
});
