import http from 'node:http';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNode, type RunningNode } from '../../src/cli/start-node.ts';
import { readSettings } from '../../src/config/settings.ts';
import { checkDescribed } from './described.ts';
import { hashPassword } from '../../src/server/access/passwords.ts';

const folder = (): string => mkdtempSync(join(tmpdir(), 'millrace-access-'));
export function fileOf(text: string): string {
  const path = join(folder(), 'file');
  writeFileSync(path, text);
  return path;
}

/** A users file; each user's password is the name with `-pw`. */
export async function usersFile(
  users: Readonly<Record<string, readonly string[]>>,
  ...others: readonly string[]
): Promise<string> {
  const lines: string[] = ['# users of a test', ...others];
  for (const [name, roles] of Object.entries(users))
    lines.push(`${name}: ${[await hashPassword(`${name}-pw`), ...roles].join(',')}`);
  return fileOf(`${lines.join('\n')}\n`);
}

export const startWith = (settings: Readonly<Record<string, string>>, log: string[] = []): Promise<RunningNode> =>
  startNode(readSettings({ 'state.dir': folder(), listeners: 'http://127.0.0.1:0', ...settings }, {}, undefined), {
    log: (text) => log.push(text),
  });

export const basic = (user: string, password = `${user}-pw`): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  /** The body's `error_code`, where it has one. */
  readonly code: unknown;
}

/** Sends a request to a node; the answer is read to its end. */
export function send(
  node: RunningNode,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request(node.server.url + path, { method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        const answer = { status: response.statusCode!, headers: response.headers, text, code: codeOf(text) };
        const type = response.headers['content-type'];
        const check = (): void => {
          if (response.headers['content-encoding'] === undefined)
            checkDescribed(method, path, answer.status, type, text);
        };
        resolve(
          Promise.resolve()
            .then(check)
            .then(() => answer),
        );
      });
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}
function codeOf(text: string): unknown {
  try {
    return (JSON.parse(text) as { readonly error_code?: unknown }).error_code;
  } catch {
    return undefined;
  }
}

export const ksql = (
  node: RunningNode,
  headers: Record<string, string>,
  sql: string,
  path = '/ksql',
): Promise<Answer> => send(node, 'POST', path, headers, JSON.stringify({ ksql: sql, sql }));
