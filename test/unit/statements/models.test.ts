import { expect, test } from 'vitest';
import { openEngine } from '../../support/memory-node.ts';

test('DESCRIBE MODEL shows the options of each version, and no secrets', async () => {
  const { run, close } = await openEngine();
  await run(`CREATE MODEL m INPUT (a DOUBLE) OUTPUT (y DOUBLE) COMMENT 'remote' WITH (
    PROVIDER='oip-v2', ENDPOINT='http://127.0.0.1:1', MODEL_NAME='m', AUTH_TOKEN='hush', VALIDATE='OFF');`);
  const [described] = await run('DESCRIBE MODEL m;');
  expect(described).toMatchObject({
    name: 'M',
    comment: 'remote',
    defaultVersion: 1,
    versions: [{ version: 1, options: { PROVIDER: 'OIP-V2', MODEL_NAME: 'm', AUTH_TOKEN: '[hidden]' } }],
  });
  expect(JSON.stringify(described)).not.toContain('hush');
  await close();
});
