import { Worker } from 'node:worker_threads';
import { cstring, int16, int32, message } from './messages.ts';
import type { CatalogJob, CatalogReply, Relation } from './catalog-database.ts';

/** What is used of PGlite. */
interface Database {
  exec(sql: string): Promise<unknown>;
  execProtocolRawStream(
    message: Uint8Array,
    options: { readonly onRawData: (data: Uint8Array) => void },
  ): Promise<void>;
}

/** Half as much memory as with PGlite's settings: nothing here is written but DDL. */
const settings = ['shared_buffers=2MB', 'min_wal_size=32MB', 'jit=off'];

/**
 * Readers see the catalogue and may create nothing and run no procedures. They may not read the tables, which hold no rows, so that a
 * query on a source is never answered from here. Names are matched without case by psql's patterns, since Millrace stores
 * unquoted names in upper case.
 */
const setUp = `
  CREATE ROLE millrace_reader;
  REVOKE ALL ON SCHEMA public FROM PUBLIC;
  GRANT USAGE ON SCHEMA public TO PUBLIC;
  REVOKE ALL ON DATABASE postgres FROM PUBLIC;
  REVOKE ALL ON LANGUAGE plpgsql FROM PUBLIC;
  UPDATE pg_operator SET oprcode = 'nameicregexeq' WHERE oprname = '~' AND oprleft = 'name'::regtype;
  UPDATE pg_operator SET oprcode = 'nameicregexne' WHERE oprname = '!~' AND oprleft = 'name'::regtype;`;

const reply = (message: CatalogReply): void => void process.send!(message);
/** A statement that has no end keeps this thread from seeing that the node has gone. */
new Worker(
  `const node = process.ppid; setInterval(() => process.ppid === node || process.kill(process.pid, 'SIGKILL'), 1000);`,
  {
    eval: true,
  },
).unref();
process.once('disconnect', () => process.exit());
const quote = (name: string): string => `"${name.replaceAll('"', '""').replaceAll('\0', '')}"`;
const string = (text: string): string => `'${text.replaceAll("'", "''").replaceAll('\0', '')}'`;

const nameOfLibrary = '@electric-sql/pglite';
const library = (await import(nameOfLibrary)) as {
  readonly PGlite: { create(folder: string, options: object): Promise<Database> };
};
const database = await library.PGlite.create('memory://', { postgresqlconf: settings });
await database.exec(setUp);

/** What there is, by name: its kind and how it was made. */
const relations = new Map<string, { readonly kind: Relation['kind']; readonly ddl: string }>();
const users = new Set<string>();

function ddlOf({ name, kind, comment, columns, key }: Relation): string {
  const relation = `public.${quote(name)}`;
  return `${kind === 'view' ? viewDdl(relation, columns) : tableDdl(relation, columns, key)};
    COMMENT ON ${kind} ${relation} IS ${string(comment)};
    GRANT REFERENCES ON ${relation} TO PUBLIC;`;
}
function tableDdl(relation: string, columns: Relation['columns'], key: Relation['key']): string {
  const parts = columns.map((column) => `${quote(column.name)} ${column.type}`);
  if (key.length > 0) parts.push(`PRIMARY KEY (${key.map(quote).join(', ')})`);
  return `CREATE TABLE ${relation} (${parts.join(', ')})`;
}
/** Over nothing, so that a source can be dropped and made again below it. */
const viewDdl = (relation: string, columns: Relation['columns']): string =>
  `CREATE VIEW ${relation} AS SELECT ${columns.map(({ name, type }) => `NULL::${type} AS ${quote(name)}`).join(', ')} WHERE false`;

/** Makes the tables those of the catalogue; one that stays as it is keeps its oid. */
async function update(wanted: readonly Relation[]): Promise<void> {
  const next = new Map(wanted.map((relation) => [relation.name, { kind: relation.kind, ddl: ddlOf(relation) }]));
  const changed = [...relations].filter(([name, { ddl }]) => next.get(name)?.ddl !== ddl);
  for (const [name, { kind }] of changed) {
    await database.exec(`DROP ${kind} public.${quote(name)}`);
    relations.delete(name);
  }
  for (const [name, made] of next) {
    if (relations.has(name)) continue;
    await database.exec(made.ddl);
    relations.set(name, made);
  }
}

async function send(bytes: Buffer): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  await database.execProtocolRawStream(bytes, {
    onRawData: (data) => {
      size += data.length;
      // The node ends a process that says so; the rest need not be kept.
      if (size > maximum) reply({ tooLarge: true });
      else chunks.push(data.slice());
    },
  });
  return chunks;
}
const maximum = 64 << 20;

const run = (sql: string): Promise<Uint8Array[]> => send(message('Q', cstring(sql)));
const formats = (list: readonly number[]): Buffer[] => [int16(list.length), ...list.map(int16)];

/** The messages that run one statement, or that only describe it. */
function messagesOf({ text, parameterTypes, bound }: CatalogJob): Buffer {
  const types = [int16(parameterTypes.length), ...parameterTypes.map((oid) => int32(oid | 0))];
  const parse = message('P', cstring(''), cstring(text), ...types);
  const sync = message('S');
  if (bound === undefined) return Buffer.concat([parse, message('D', Buffer.from('S'), cstring('')), sync]);
  const values = bound.values.flatMap((value) =>
    value === null ? [int32(-1)] : [int32(value.length), Buffer.from(value)],
  );
  const bind = [cstring(''), cstring(''), ...formats(bound.formats), int16(bound.values.length), ...values];
  return Buffer.concat([
    parse,
    message('B', ...bind, ...formats(bound.resultFormats)),
    message('D', Buffer.from('P'), cstring('')),
    message('E', cstring(''), int32(0)),
    sync,
  ]);
}

/**
 * Runs a statement in a transaction of its own that reads only and is rolled back: nothing that a client says stays for the next. What
 * it has SET is said again before.
 */
async function answer(job: CatalogJob): Promise<Uint8Array[]> {
  if (job.relations !== undefined) await update(job.relations);
  if (!users.has(job.user)) {
    await database.exec(`CREATE ROLE ${quote(job.user)} IN ROLE millrace_reader`).catch(() => undefined);
    users.add(job.user);
  }
  await run('BEGIN READ ONLY');
  try {
    for (const setting of job.settings) {
      await run('SAVEPOINT setting');
      await send(
        messagesOf({
          ...job,
          text: setting,
          parameterTypes: [],
          bound: { formats: [], values: [], resultFormats: [] },
        }),
      );
    }
    await run(`SET LOCAL ROLE ${quote(job.user)}`);
    return await send(messagesOf(job));
  } finally {
    await run('ROLLBACK');
  }
}

let last: Promise<void> = Promise.resolve();
process.on('message', (job: CatalogJob) => {
  last = last.then(async () => {
    try {
      reply({ id: job.id, chunks: await answer(job) });
    } catch (error) {
      reply({ id: job.id, error: (error as Error).message });
    }
  });
});
