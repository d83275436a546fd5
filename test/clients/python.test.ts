import { execFile, spawnSync } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningNode } from '../../src/cli/start-node.ts';
import { fileOf, startWith, usersFile } from '../support/access.ts';
import { Authority } from '../support/certificates.ts';
import { newFolder } from '../support/files.ts';

const python = process.env['MILLRACE_TEST_PYTHON'] ?? 'python3';
const runs = (...args: readonly string[]): boolean => spawnSync(python, args, { stdio: 'ignore' }).status === 0;
const missing = runs('-c', 'import sys; assert sys.version_info >= (3, 9)')
  ? ''
  : `: ${python} is no Python of 3.9 or later (MILLRACE_TEST_PYTHON names another)`;
const folder = join(import.meta.dirname, '../../clients/python');

/** A token, and the settings of a node that takes it. */
function bearer(): { readonly token: string; readonly settings: Readonly<Record<string, string>> } {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { iss: 'tests', aud: 'millrace', sub: 'ann', exp: Math.floor(Date.now() / 1000) + 600 };
  const text = `${encode({ alg: 'RS256', kid: 'one' })}.${encode(claims)}`;
  const keys = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'RS256', use: 'sig' }] };
  return {
    token: `${text}.${sign('sha256', Buffer.from(text), privateKey).toString('base64url')}`,
    settings: {
      'authentication.method': 'BEARER',
      'oauthbearer.jwks.endpoint.url': pathToFileURL(fileOf(JSON.stringify(keys))).href,
      'oauthbearer.expected.issuer': 'tests',
      'oauthbearer.expected.audience': 'millrace',
    },
  };
}

const nodes: RunningNode[] = [];
const environment: Record<string, string> = {};
beforeAll(async () => {
  const authority = new Authority();
  const { token, settings } = bearer();
  const users = await usersFile({ ann: [] });
  const basic = { 'authentication.method': 'BASIC', 'authentication.users.file': users, 'limits.user.rows': '20' };
  const tls = { listeners: 'https://127.0.0.1:0', 'ssl.keystore.location': authority.issue('server').both };
  for (const each of [{}, basic, { ...tls, ...settings }]) nodes.push(await startWith(each));
  const [open, limited, secure] = nodes.map(({ server }) => server.url);
  Object.assign(environment, {
    PYTHONPATH: join(folder, 'src'),
    PYTHONDONTWRITEBYTECODE: '1',
    MILLRACE_TEST_URL: open,
    MILLRACE_TEST_BASIC_URL: limited,
    MILLRACE_TEST_TLS_URL: secure,
    MILLRACE_TEST_TOKEN: token,
    MILLRACE_TEST_CA: authority.cert,
    MILLRACE_TEST_FOLDER: newFolder(),
  });
});
afterAll(async () => {
  for (const node of nodes) await node.close();
});

test.skipIf(missing !== '')(`the Python client against nodes${missing}`, { timeout: 180_000 }, async () => {
  const args = ['-W', 'error::ResourceWarning', '-m', 'unittest', 'discover', '-s', join(folder, 'tests')];
  const told = await promisify(execFile)(python, args, { env: { ...process.env, ...environment } }).then(
    ({ stderr }) => stderr,
    (error: unknown) => (error as { stderr: string }).stderr,
  );
  expect(told).toMatch(/\nOK/);
  // Without pandas and pyarrow one test is left out, which CI does not allow.
  if (process.env['CI'] !== undefined) expect(told).not.toContain('skipped');
});

const untyped = missing !== '' || !runs('-c', 'import mypy') ? `: ${python} has no mypy` : '';
test.skipIf(untyped !== '')(`the Python client is typed whole${untyped}`, { timeout: 120_000 }, async () => {
  const { stdout } = await promisify(execFile)(python, ['-m', 'mypy', '--cache-dir', newFolder()], { cwd: folder });
  expect(stdout).toContain('no issues found');
});
