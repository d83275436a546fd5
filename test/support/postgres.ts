import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import { createRequire } from 'node:module';

/** What is used of node-postgres. */
interface PgField {
  readonly name: string;
  readonly dataTypeID: number;
}
export interface PgResult {
  readonly rows: readonly unknown[];
  readonly fields: readonly PgField[];
  readonly command: string;
}
export interface PgClient {
  connect(): Promise<void>;
  query(
    text:
      | string
      | {
          readonly text: string;
          readonly values?: readonly unknown[];
          readonly rowMode?: 'array';
          readonly queryMode?: 'simple' | 'extended';
        },
    values?: readonly unknown[],
  ): Promise<PgResult>;
  end(): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): void;
}

const { Client } = createRequire(import.meta.url)('pg') as { readonly Client: new (options: object) => PgClient };

/** A connected client of node-postgres. */
export async function pgClient(port: number, options: object = {}): Promise<PgClient> {
  const client = new Client({ host: '127.0.0.1', port, user: 'ann', database: 'millrace', ...options });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** The rows of a query as arrays. */
export async function rowsOf(client: PgClient, text: string, values: readonly unknown[] = []): Promise<unknown[]> {
  return [...(await client.query({ text, values, rowMode: 'array' })).rows];
}

/** Whether a command can be run here. */
export const found = (command: string): boolean => {
  try {
    execFileSync('which', [command]);
    return true;
  } catch {
    return false;
  }
};
/** What psql prints for commands to a node's port. */
export const psql = async (port: number, ...commands: readonly string[]): Promise<string> => {
  const options = ['-X', '-h', '127.0.0.1', '-p', String(port), '-U', 'ann', '-d', 'millrace', '-P', 'pager=off'];
  const { stdout } = await promisify(execFile)('psql', [...options, ...commands.flatMap((command) => ['-c', command])]);
  return stdout;
};
