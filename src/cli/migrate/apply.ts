import { renderSqlError, SqlError } from '../../diagnostics/sql-error.ts';
import { parse, splitScript, type StatementText } from '../../syntax/parse.ts';
import { clientOf, Metadata, type Row } from './metadata.ts';
import { migrationsOf, refuse, type Migration, type Project } from './project.ts';

/** Which migrations are applied. */
export type Extent =
  | { readonly kind: 'all' }
  | { readonly kind: 'next' }
  | { readonly kind: 'until'; readonly version: number }
  | { readonly kind: 'version'; readonly version: number };

interface ApplyOptions {
  readonly extent: Extent;
  readonly isDry: boolean;
  readonly variables: Readonly<Record<string, string>>;
  readonly say: (line: string) => void;
}

/** Statements that only show something, or give rows: they migrate nothing, and ksqlDB's tool refuses them too. */
const showing = new Set(['SELECT', 'PRINT', 'SHOW', 'LIST', 'DESCRIBE', 'EXPLAIN', 'RUN']);
/** Statements that are about the session: they hold for the rest of their file. */
const ofSession = new Set(['SET', 'UNSET', 'DEFINE', 'UNDEFINE']);
const wordOf = ({ tokens }: StatementText): string => tokens[0]!.image.toUpperCase();

function statementsOf({ file, text }: Migration): readonly StatementText[] {
  const statements = splitScript({ name: file, text });
  for (const statement of statements)
    if (showing.has(wordOf(statement)))
      throw new SqlError('MIGRATION_REFUSED', statement.span, { why: `${wordOf(statement)} migrates nothing` });
  return statements;
}

/** Applies migrations in order; each one's statements, until one fails. Returns how many were applied. */
export async function apply(project: Project, { extent, isDry, variables, say }: ApplyOptions): Promise<number> {
  const metadata = new Metadata(project);
  const rows = await metadata.rows();
  let previous = Metadata.migrated(rows);
  const all = migrationsOf(project);
  const changed = differences(all, rows, previous);
  if (changed.length > 0) refuse(changed.join('; '));
  const chosen = choose(all, extent, previous).map((migration) => ({ migration, statements: statementsOf(migration) }));
  if (chosen.length === 0) say(`nothing to apply: the server is at version ${previous || '<none>'}`);
  for (const { migration, statements } of chosen) {
    say(`${isDry ? 'would apply' : 'applying'} version ${migration.version}: ${migration.name}`);
    if (isDry) {
      for (const { text } of statements) say(text);
      continue;
    }
    const startedOn = String(Date.now());
    await metadata.write(migration, 'RUNNING', previous, { startedOn });
    try {
      await execute(project, statements, variables);
    } catch (error) {
      const reason = error instanceof SqlError ? renderSqlError(error as SqlError) : (error as Error).message;
      await metadata.write(migration, 'ERROR', previous, { startedOn, reason });
      refuse(`version ${migration.version} failed, and nothing behind it was applied: ${reason}`);
    }
    await metadata.write(migration, 'MIGRATED', previous, { startedOn });
    previous = migration.version;
  }
  return isDry ? 0 : chosen.length;
}

function choose(all: readonly Migration[], extent: Extent, previous: number): readonly Migration[] {
  const later = all.filter(({ version }) => version > previous);
  if (extent.kind === 'all') return later;
  if (extent.kind === 'next') return later.slice(0, 1);
  const { version: wanted } = extent;
  if (wanted <= previous) refuse(`version ${wanted} is not behind version ${previous}, which the server is at`);
  if (!later.some(({ version }) => version === wanted)) refuse(`there is no migration of version ${wanted}`);
  return later.filter(({ version }) => (extent.kind === 'until' ? version <= wanted : version === wanted));
}

/** A session of its own for each migration, statement by statement, so that the one that failed is known. */
async function execute(
  project: Project,
  statements: readonly StatementText[],
  variables: Readonly<Record<string, string>>,
): Promise<void> {
  const client = clientOf(project);
  for (const [name, value] of Object.entries(variables)) client.variables.set(name.toUpperCase(), value);
  for (const raw of statements) {
    if (!ofSession.has(wordOf(raw))) {
      await client.execute(raw.text);
      continue;
    }
    const statement = parse(raw);
    if (statement.kind === 'setProperty') client.properties.set(statement.name, statement.value);
    else if (statement.kind === 'unsetProperty') client.properties.delete(statement.name);
    else if (statement.kind === 'define') client.variables.set(statement.name.text, statement.value);
    else if (statement.kind === 'undefine') client.variables.delete(statement.name.text);
  }
}

/** What of the applied migrations is not as it was applied. */
function differences(all: readonly Migration[], rows: ReadonlyMap<string, Row>, migrated: number): readonly string[] {
  return [...rows.values()].flatMap(({ version_key: key, state, checksum }) => {
    if (!/^\d+$/.test(key) || state !== 'MIGRATED' || Number(key) > migrated) return [];
    const migration = all.find(({ version }) => version === Number(key));
    if (migration === undefined) return `the file of version ${key}, which was applied, is gone`;
    return migration.checksum === checksum ? [] : `${migration.file} was changed after it was applied`;
  });
}

/** Compares the files with what was applied; throws what differs. */
export async function validate(project: Project): Promise<number> {
  const rows = await new Metadata(project).rows();
  const migrated = Metadata.migrated(rows);
  const changed = differences(migrationsOf(project), rows, migrated);
  if (changed.length > 0) refuse(changed.join('; '));
  return migrated;
}

/** A row of `info` for each migration that is known. */
export async function info(project: Project): Promise<{ readonly current: string; readonly rows: string[][] }> {
  const known = await new Metadata(project).rows();
  const time = (text: string | undefined): string =>
    text === undefined || text === '' ? '' : new Date(Number(text)).toISOString();
  const rows = migrationsOf(project).map(({ version, name }) => {
    const row = known.get(String(version));
    return [
      String(version),
      name,
      row?.state ?? 'PENDING',
      row?.previous ?? '',
      time(row?.started_on),
      time(row?.completed_on),
      row?.error_reason ?? '',
    ];
  });
  return { current: Metadata.current(known), rows };
}
