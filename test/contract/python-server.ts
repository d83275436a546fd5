import { spawn } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pause } from '../unit/config/options/cases.ts';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A server of models that a script of this folder starts on the port that it is given, and is ready when `path` is answered. */
export async function startPython(
  python: string,
  script: string,
  path: string,
  more: readonly string[] = [],
): Promise<{ readonly endpoint: string; readonly stop: () => void }> {
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const args = [join(import.meta.dirname, script), String(port), ...more];
  const server = spawn(python, args, { stdio: 'ignore' });
  for (let left = 600; left > 0; left--) {
    const answer = await fetch(`${endpoint}${path}`).catch(() => undefined);
    if (answer?.ok === true) break;
    await pause(200);
  }
  return { endpoint, stop: () => void server.kill('SIGKILL') };
}
