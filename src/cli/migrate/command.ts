import { InvalidArgumentError, type Command } from 'commander';
import type { Extent } from './apply.ts';
import { createMigration, newProject, openProject, refuse } from './project.ts';

type Print = (text: string) => void;

interface ApplyFlags {
  readonly all?: boolean;
  readonly next?: boolean;
  readonly until?: number;
  readonly version?: number;
  readonly dryRun: boolean;
  readonly define: Record<string, string>;
}

const versionOf = (text: string): number => {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('it must be a number from 1 to 999999');
  return Number(text);
};

/** Adds `migrate`, with the commands and files of ksqlDB's ksql-migrations. */
export function addMigrate(
  program: Command,
  print: Print,
  collect: (pair: string, into: Record<string, string>) => Record<string, string>,
): void {
  const migrate = program
    .command('migrate')
    .description('versions of statements: files that are applied once, in order, to a server')
    .option('-c, --config-file <file>', 'the settings of the project', 'ksql-migrations.properties');
  const project = (): ReturnType<typeof openProject> => openProject(migrate.opts<{ configFile: string }>().configFile);
  migrate
    .command('new-project')
    .argument('<folder>')
    .argument('<url>', 'the server')
    .description('make a folder with settings and a folder of migrations')
    .action((folder: string, url: string) => newProject(folder, url).forEach((path) => print(`made ${path}`)));
  migrate
    .command('initialize-metadata')
    .description('make the stream and the table that hold what was applied')
    .action(async () => {
      const { Metadata } = await import('./metadata.ts');
      print((await new Metadata(project()).initialize()) ? 'made' : 'they are there already');
    });
  migrate
    .command('create')
    .argument('<name>')
    .option('-v, --version <n>', 'its version; by default the next', versionOf)
    .description('make an empty migration')
    .action((name: string, { version }: { readonly version?: number }) =>
      print(`made ${createMigration(project(), name, version)}`),
    );
  migrate
    .command('apply')
    .description('apply migrations that were not applied')
    .option('-a, --all', 'all of them')
    .option('-n, --next', 'the next one')
    .option('-u, --until <n>', 'those up to a version', versionOf)
    .option('-v, --version <n>', 'the one of a version', versionOf)
    .option('--dry-run', 'show them, and apply nothing', false)
    .option('-d, --define <name=value>', 'a variable; may be repeated', collect, {})
    .action(async (flags: ApplyFlags) => {
      const { apply } = await import('./apply.ts');
      const count = await apply(project(), {
        extent: extentOf(flags),
        isDry: flags.dryRun,
        variables: flags.define,
        say: print,
      });
      print(`applied: ${count}`);
    });
  migrate
    .command('info')
    .description('where each migration stands')
    .action(async () => {
      const [{ info }, { renderTable }] = await Promise.all([import('./apply.ts'), import('../../repl/table.ts')]);
      const { current, rows } = await info(project());
      const headers = ['Version', 'Name', 'State', 'Previous', 'Started', 'Completed', 'Error'];
      print(`current version: ${current}\n${renderTable(headers, rows, 200)}`);
    });
  migrate
    .command('validate')
    .description('compare the files with what was applied')
    .action(async () => {
      const { validate } = await import('./apply.ts');
      print(`all files up to version ${await validate(project())} are as they were applied`);
    });
  migrate
    .command('destroy-metadata')
    .description('remove what says what was applied, with its topics')
    .action(async () => {
      const { Metadata } = await import('./metadata.ts');
      await new Metadata(project()).destroy();
      print('removed');
    });
}

function extentOf({ all, next, until, version }: ApplyFlags): Extent {
  const given: Extent[] = [
    ...(all === true ? [{ kind: 'all' } as const] : []),
    ...(next === true ? [{ kind: 'next' } as const] : []),
    ...(until === undefined ? [] : [{ kind: 'until', version: until } as const]),
    ...(version === undefined ? [] : [{ kind: 'version', version } as const]),
  ];
  return given.length === 1 ? given[0]! : refuse('apply needs one of --all, --next, --until n and --version n');
}
