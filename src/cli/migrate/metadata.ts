import { setTimeout as sleep } from 'node:timers/promises';
import { Client, ServerError } from '../../repl/client.ts';
import { printString } from '../../syntax/print.ts';
import type { Migration, Project } from './project.ts';
import { refuse } from './project.ts';

/** Where a migration stands, in ksqlDB's words. */
type State = 'RUNNING' | 'MIGRATED' | 'ERROR';

const columns = [
  'version_key',
  'version',
  'name',
  'state',
  'checksum',
  'started_on',
  'completed_on',
  'previous',
  'error_reason',
] as const;
type Column = (typeof columns)[number];
/** What the server knows of a version. */
export type Row = Readonly<Record<Column, string>>;

const currentKey = 'CURRENT';
const none = '<none>';
/** How long a row that was written may take until the table has it. */
const longestMs = 30_000;

export function clientOf({ url, user, password }: Project): Client {
  const credentials = Buffer.from(`${user ?? ''}:${password ?? ''}`).toString('base64');
  return new Client(url, user === undefined ? {} : { authorization: `Basic ${credentials}` });
}

/** What was applied to a server: a stream of events and a table of their newest, as ksqlDB's tool keeps them. */
export class Metadata {
  readonly #project: Project;
  readonly #client: Client;

  constructor(project: Project) {
    this.#project = project;
    this.#client = clientOf(project);
  }

  async #has(kind: 'streams' | 'tables', name: string): Promise<boolean> {
    const [answer] = await this.#client.execute(`SHOW ${kind.toUpperCase()};`);
    return (answer![kind] as readonly { readonly name: string }[]).some((source) => source.name === name.toUpperCase());
  }

  /** Makes the stream and the table; false when both are there. */
  async initialize(): Promise<boolean> {
    const { stream, table, replicas } = this.#project;
    const [hasStream, hasTable] = [await this.#has('streams', stream), await this.#has('tables', table)];
    if (hasStream && hasTable) return false;
    const info = (await this.#client.info())['KsqlServerInfo'] as { readonly ksqlServiceId: string };
    const topic = (given: string | undefined, name: string): string =>
      printString(given ?? `${info.ksqlServiceId}ksql_${name}`);
    const fields = columns.map((column, i) => `${column} STRING${i === 0 ? ' KEY' : ''}`).join(', ');
    const newest = columns.slice(1).map((column) => `LATEST_BY_OFFSET(${column}) AS ${column}`);
    this.#client.properties.set('auto.offset.reset', 'earliest');
    if (!hasStream)
      await this.#client.execute(
        `CREATE STREAM ${stream} (${fields}) WITH (KAFKA_TOPIC=${topic(this.#project.streamTopic, stream)}, VALUE_FORMAT='JSON', PARTITIONS=1, REPLICAS=${replicas});`,
      );
    await this.#client.execute(
      `CREATE TABLE ${table} WITH (KAFKA_TOPIC=${topic(this.#project.tableTopic, table)}) AS SELECT version_key, ${newest.join(', ')} FROM ${stream} GROUP BY version_key EMIT CHANGES;`,
    );
    return true;
  }

  /** Removes both with their topics. */
  async destroy(): Promise<void> {
    const { stream, table } = this.#project;
    if (await this.#has('tables', table)) {
      const [answer] = await this.#client.execute(`DESCRIBE ${table};`);
      const { writeQueries } = answer!['sourceDescription'] as { readonly writeQueries: readonly { id: string }[] };
      for (const { id } of writeQueries) await this.#client.execute(`TERMINATE ${id};`);
      await this.#client.execute(`DROP TABLE ${table} DELETE TOPIC;`);
    }
    if (await this.#has('streams', stream)) await this.#client.execute(`DROP STREAM ${stream} DELETE TOPIC;`);
  }

  /** What is known of every version, by version; the key CURRENT has the newest. */
  async rows(): Promise<ReadonlyMap<string, Row>> {
    const { table } = this.#project;
    if (!(await this.#has('tables', table)))
      refuse(`the server has no table ${table}: millrace migrate initialize-metadata makes it`);
    const rows = new Map<string, Row>();
    for await (const event of this.#client.query(
      `SELECT ${columns.join(', ')} FROM ${table};`,
      new AbortController().signal,
    )) {
      if (event.kind === 'error') throw new ServerError(event.body);
      if (event.kind !== 'row') continue;
      const row = Object.fromEntries(columns.map((column, i) => [column, String(event.columns[i] ?? '')])) as Row;
      rows.set(row.version_key, row);
    }
    return rows;
  }

  /** The newest version that is wholly applied; 0 before the first. One that is being applied is refused. */
  static migrated(rows: ReadonlyMap<string, Row>): number {
    const current = rows.get(currentKey);
    if (current === undefined) return 0;
    if (current.state === 'RUNNING')
      refuse(`version ${current.version} is being applied by somebody, or its end was not written`);
    if (current.state === 'MIGRATED') return Number(current.version);
    return current.previous === none ? 0 : Number(current.previous);
  }

  static current(rows: ReadonlyMap<string, Row>): string {
    return rows.get(currentKey)?.version ?? none;
  }

  /** Writes where a migration stands, and waits until the table has it. */
  async write(
    { version, name, checksum }: Migration,
    state: State,
    previous: number,
    { startedOn, reason = '' }: { readonly startedOn: string; readonly reason?: string },
  ): Promise<void> {
    const before = previous === 0 ? none : String(previous);
    const completedOn = state === 'RUNNING' ? '' : String(Date.now());
    const values = [String(version), name, state, checksum, startedOn, completedOn, before, reason].map(printString);
    // The version's own row first: where CURRENT has it, both are there.
    for (const key of [String(version), currentKey])
      await this.#client.execute(
        `INSERT INTO ${this.#project.stream} (${columns.join(', ')}) VALUES (${[printString(key), ...values].join(', ')});`,
      );
    for (const until = Date.now() + longestMs; ; await sleep(50)) {
      const current = (await this.rows()).get(currentKey);
      if (current?.version === String(version) && current.state === state) return;
      if (Date.now() > until) refuse(`the table of versions did not take ${state} of version ${version} in time`);
    }
  }
}
