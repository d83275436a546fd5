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
    text: string | { readonly text: string; readonly values?: readonly unknown[]; readonly rowMode?: 'array' },
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
