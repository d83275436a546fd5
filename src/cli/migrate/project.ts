import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { readProperties } from '../../config/settings.ts';
import { noSpan } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';

/** The name of a project's file of settings, as ksqlDB's tool has it. */
const configName = 'ksql-migrations.properties';
const numberOfDigits = 6;

/** A folder of migrations and the server that they are for. */
export interface Project {
  readonly url: string;
  readonly folder: string;
  readonly stream: string;
  readonly table: string;
  readonly streamTopic: string | undefined;
  readonly tableTopic: string | undefined;
  readonly replicas: string;
  readonly user: string | undefined;
  readonly password: string | undefined;
}

/** A file of statements with its version. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly file: string;
  readonly text: string;
  readonly checksum: string;
}

export const refuse = (why: string): never => {
  throw new SqlError('MIGRATION_REFUSED', noSpan, { why });
};

/** Makes a folder with a file of settings and a folder of migrations; what is there stays. */
export function newProject(folder: string, url: string): readonly string[] {
  const config = join(folder, configName);
  if (existsSync(config)) refuse(`${config} is there already`);
  const migrations = join(folder, 'migrations');
  mkdirSync(migrations, { recursive: true });
  writeFileSync(config, `ksql.server.url=${url}\n`);
  return [config, migrations];
}

/** Reads a project's settings; those that ksqlDB's tool has and this one has no use for are passed over. */
export function openProject(config = configName): Project {
  if (!existsSync(config)) refuse(`${config} does not exist: millrace migrate new-project makes one, -c names another`);
  const settings = readProperties(config);
  const read = (name: string): string | undefined => settings.get(name) || undefined;
  return {
    url: read('ksql.server.url') ?? refuse(`${config} says no ksql.server.url`),
    folder: resolve(dirname(config), read('ksql.migrations.dir') ?? 'migrations'),
    stream: read('ksql.migrations.stream.name') ?? 'MIGRATION_EVENTS',
    table: read('ksql.migrations.table.name') ?? 'MIGRATION_SCHEMA_VERSIONS',
    streamTopic: read('ksql.migrations.stream.topic.name'),
    tableTopic: read('ksql.migrations.table.topic.name'),
    replicas: read('ksql.migrations.topic.replicas') ?? '1',
    user: read('ksql.auth.basic.username'),
    password: read('ksql.auth.basic.password'),
  };
}

/** The project's migrations by version. Two files of one version, and files of another name, are refused. */
export function migrationsOf({ folder }: Project): readonly Migration[] {
  if (!existsSync(folder)) refuse(`the folder ${folder} does not exist`);
  const migrations = readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .map((file) => {
      const [, version, name] =
        /^V(\d{6})__(.+)\.sql$/.exec(file) ?? refuse(`${file} has not the form V000001__name.sql`);
      const path = join(folder, file);
      const bytes = readFileSync(path);
      return {
        version: Number(version),
        name: name!.replaceAll('_', ' '),
        file: path,
        text: bytes.toString('utf8'),
        // As ksqlDB's tool writes it, so that both can read what the other applied.
        checksum: createHash('md5').update(bytes).digest('hex'),
      };
    })
    .sort((a, b) => a.version - b.version);
  migrations.forEach(({ version, file }, i) => {
    if (version < 1) refuse(`${file}: versions begin at 1`);
    if (migrations[i + 1]?.version === version) refuse(`${file} and ${migrations[i + 1]!.file} are of one version`);
  });
  return migrations;
}

/** Makes an empty file for the next migration, or for the one of a version. */
export function createMigration(project: Project, name: string, version?: number): string {
  if (!/^[\w ]+$/.test(name)) refuse(`the name "${name}" may have letters, digits, spaces and underscores`);
  const existing = migrationsOf(project);
  const number = version ?? (existing.at(-1)?.version ?? 0) + 1;
  if (!Number.isSafeInteger(number) || number < 1 || String(number).length > numberOfDigits)
    refuse(`${number} is no version from 1 to 999999`);
  const taken = existing.find((migration) => migration.version === number);
  if (taken !== undefined) refuse(`version ${number} is ${taken.file}`);
  const file = join(
    project.folder,
    `V${String(number).padStart(numberOfDigits, '0')}__${name.trim().replaceAll(' ', '_')}.sql`,
  );
  writeFileSync(file, '');
  return file;
}
