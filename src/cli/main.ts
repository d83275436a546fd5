import { Command, InvalidArgumentError } from 'commander';
import { readFileSync } from 'node:fs';
import { serverOptions } from '../config/server-options.ts';
import { sessionOptions } from '../config/session-options.ts';
import { readSettings, type Settings } from '../config/settings.ts';
import { renderSqlError, SqlError } from '../diagnostics/sql-error.ts';
import { noSpan } from '../diagnostics/source.ts';
import type { Client, ClientAccess } from '../repl/client.ts';
import { outputs, type Output } from '../repl/layouts.ts';
import type { RunningNode, StartOptions } from './start-node.ts';
import { addBackfill } from './backfill.ts';
import { addVerify } from './verify.ts';
import { addImport } from './import/command.ts';
import { addMigrate } from './migrate/command.ts';
import { version } from './version.ts';

interface Flags {
  readonly config?: string;
  readonly set: Record<string, string>;
  readonly stateDir?: string;
  readonly listeners?: string;
  readonly bootstrapServers?: string;
}

function collect(pair: string, into: Record<string, string>): Record<string, string> {
  const at = pair.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('it must be name=value');
  return { ...into, [pair.slice(0, at)]: pair.slice(at + 1) };
}

function settingsOf(flags: Flags): Settings {
  const settings: Record<string, string> = { ...flags.set };
  if (flags.stateDir !== undefined) settings['state.dir'] = flags.stateDir;
  if (flags.listeners !== undefined) settings['listeners'] = flags.listeners;
  if (flags.bootstrapServers !== undefined) settings['bootstrap.servers'] = flags.bootstrapServers;
  return readSettings(settings, process.env, flags.config, say);
}

const withSettings = (command: Command): Command =>
  command
    .option('-c, --config <file>', 'a properties file')
    .option('--set <name=value>', 'one setting; may be repeated', collect, {})
    .option('--state-dir <folder>', 'the folder of the state (state.dir)')
    .option('--listeners <url>', 'where REST listens (listeners)')
    .option('--bootstrap-servers <brokers>', 'Kafka brokers; without them the embedded log is used');

const withAccess = (command: Command): Command =>
  command
    .option('-u, --user <name>', 'the user of the server')
    .option('-p, --password <password>', 'the password; better in the environment as MILLRACE_CLI_PASSWORD')
    .option('--token <token>', 'a bearer token; better in the environment as MILLRACE_CLI_TOKEN')
    .option('--cacert <file>', 'a PEM file of the authorities that https servers are trusted by')
    .option('--cert <file>', 'a PEM file of the client certificate')
    .option('--key <file>', 'a PEM file of its key, where it is not with the certificate');

async function serve(flags: Flags, options: StartOptions): Promise<void> {
  const chosen = settingsOf(flags);
  const file = serverOptions.read('ksql.queries.file', chosen);
  if (file !== undefined) return runFiles([file], chosen);
  const { startNode } = await import('./start-node.ts');
  const running = await startNode(chosen, { log: say, ...options });
  say(`Millrace ${version} serves ${running.server.url} (${running.engine.node.kind})`);
  if (process.stdin.isTTY && process.stdout.isTTY) {
    const { Client } = await import('../repl/client.ts');
    const { runRepl } = await import('../repl/terminal.ts');
    await runRepl(new Client(running.server.url), { version, output: 'tabular' });
    await running.close();
    return;
  }
  await untilSignal(running);
}

/** Whoever reads a pipe may go, such as `head`, which is no failure: a node goes on, a script ends with its statement. */
function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const say = (text: string): void => void process.stderr.write(`${text}\n`);

async function untilSignal(running: RunningNode): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve);
  });
  // What does not end by itself, or not in time, ends all the same: what was acknowledged is stored.
  process.once('SIGINT', () => process.exit(1)).once('SIGTERM', () => process.exit(1));
  setTimeout(() => {
    say(`not everything ended within ${endMs / 1000} s`);
    process.exit(1);
  }, endMs).unref();
  await running.close();
}
const endMs = 25_000;

/** Runs SQL files headless: statements come only from the files, and REST is read-only. */
async function runFiles(files: readonly string[], chosen: Settings): Promise<void> {
  const { readHeadless, runHeadless } = await import('../statements/headless.ts');
  const { startNode } = await import('./start-node.ts');
  const statements = readHeadless(files.map((name) => ({ name, text: readFileSync(name, 'utf8') })));
  const running = await startNode(chosen, { readOnly: true, log: say });
  try {
    await runHeadless(statements, running.engine);
  } catch (error) {
    await running.close();
    throw error;
  }
  say(`Millrace ${version} runs ${files.join(', ')} at ${running.server.url}`);
  await untilSignal(running);
}

interface Script {
  readonly execute?: string;
  readonly file?: string;
}
/** The statements to run and their name; without any, somebody types. */
function scriptOf({ execute, file }: Script): [source: string, script: string | undefined] {
  if (execute !== undefined) return ['command', execute];
  if (file !== undefined) return [file, readFileSync(file, 'utf8')];
  return ['stdin', process.stdin.isTTY ? undefined : readFileSync(0, 'utf8')];
}

function oneOfWords<const W extends string>(words: readonly W[]): (given: string) => W {
  return (given) => {
    const word = words.find((known) => known === given.toLowerCase());
    if (word === undefined) throw new InvalidArgumentError(`it must be one of ${words.join(', ')}`);
    return word;
  };
}

interface AccessFlags {
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
  readonly cacert?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** How the command line shows who it is. Secrets may stand in the environment, where other users' `ps` does not show them. */
function accessOf(flags: AccessFlags, environment: NodeJS.ProcessEnv): ClientAccess {
  const { user, cacert, cert, key } = flags;
  const password = flags.password ?? environment['MILLRACE_CLI_PASSWORD'] ?? '';
  const token = flags.token ?? environment['MILLRACE_CLI_TOKEN'];
  const authorization =
    user !== undefined ? `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` : token && `Bearer ${token}`;
  const pem = (path: string): string => readFileSync(path, 'utf8');
  return {
    ...(authorization && { authorization }),
    ...(cacert !== undefined && { ca: pem(cacert) }),
    // As with curl, one file may hold the certificate and its key.
    ...(cert !== undefined && { cert: pem(cert), key: pem(key ?? cert) }),
  };
}

interface ReplFlags extends Flags, Script, AccessFlags {
  readonly output: Output;
  readonly onError: 'stop' | 'continue';
  readonly define: Record<string, string>;
}

interface Server {
  readonly client: Client;
  /** The node that was started in this process for it. */
  readonly running: RunningNode | undefined;
}
/** A client of a server, or of a node started in this process. Without a node to start, no server is loaded. */
async function openClient(url: string | undefined, flags: Flags & AccessFlags): Promise<Server> {
  let running: RunningNode | undefined;
  if (url === undefined) {
    const { startNode } = await import('./start-node.ts');
    const listeners = flags.listeners === undefined ? { listeners: 'http://127.0.0.1:0' } : {};
    running = await startNode({ ...settingsOf(flags), ...listeners }, { log: say });
  }
  const { Client } = await import('../repl/client.ts');
  const client = new Client(
    running?.server.url ?? (/^https?:\/\//i.test(url!) ? url! : `http://${url}`),
    accessOf(flags, process.env),
  );
  return { client, running };
}

/** Runs the REPL. */
async function repl(url: string | undefined, flags: ReplFlags): Promise<void> {
  const { client, running } = await openClient(url, flags);
  for (const [name, value] of Object.entries(flags.define)) client.variables.set(name.toUpperCase(), value);
  const { output, onError } = flags;
  const [source, script] = scriptOf(flags);
  if (script === undefined) {
    const { runRepl } = await import('../repl/terminal.ts');
    await runRepl(client, { version, output });
  } else if (script.trim() !== '') {
    const { runStatements } = await import('../repl/repl.ts');
    if (!(await runStatements(client, script, { output, source, onError }))) process.exitCode = 1;
  }
  await running?.close();
}

/** The command line. A user's error ends the process with status 1 and a message with the fix. */
export async function main(argv: readonly string[], options: StartOptions = {}): Promise<void> {
  const program = new Command('millrace')
    .description('A SQL streaming engine for real-time machine-learning pipelines')
    .version(version);
  withSettings(program.command('server').description('serve REST, and open the REPL when on a terminal')).action(
    (flags: Flags) => serve(flags, options),
  );
  withAccess(
    withSettings(
      program
        .command('cli')
        .argument('[url]', 'a server; without one an embedded server is started')
        .description('the REPL'),
    ),
  )
    .option('-e, --execute <sql>', 'run these statements and exit')
    .option('-f, --file <file>', 'run this file and exit')
    .option('-o, --output <format>', `how answers are shown: ${outputs.join(', ')}`, oneOfWords(outputs), 'tabular')
    .option(
      '--on-error <what>',
      'stop or continue after an error of a script',
      oneOfWords(['stop', 'continue']),
      'stop',
    )
    .option('-d, --define <name=value>', 'a variable; may be repeated', collect, {})
    .action(repl);
  const opened = async (url: string | undefined, flags: Flags & AccessFlags) => {
    const { client, running } = await openClient(url, flags);
    return { client, close: async () => running?.close() };
  };
  addVerify(withAccess(withSettings(program.command('verify'))), opened);
  addBackfill(withAccess(withSettings(program.command('backfill'))), opened);
  withSettings(
    program.command('run').argument('<files...>').description('run files of statements headless, REST read-only'),
  ).action((files: string[], flags: Flags) => runFiles(files, settingsOf(flags)));
  program
    .command('test')
    .argument('<files...>')
    .description('run the tests in files of statements, each on a node of its own')
    .action(async (files: string[]) => {
      const { runTestFiles } = await import('./test-files.ts');
      if ((await runTestFiles(files, print)) > 0) process.exitCode = 1;
    });
  withSettings(program.command('check').description('read all that is stored, and say what is damaged'))
    .option('--accept-loss', 'go on without what is damaged; what is cut off is kept', false)
    .action(async (flags: Flags & { acceptLoss: boolean }) => {
      const { check } = await import('./maintenance.ts');
      if (!(await check(settingsOf(flags), flags.acceptLoss, print))) process.exitCode = 1;
    });
  withSettings(
    program
      .command('backup')
      .argument('<folder>')
      .description('copy the state of a stopped embedded node, or the command topic'),
  ).action(async (folder: string, flags: Flags) => {
    const { backUp } = await import('./maintenance.ts');
    await backUp(settingsOf(flags), folder, print);
  });
  withSettings(
    program.command('restore').argument('<folder>').description('bring a backup back, where nothing is yet'),
  ).action(async (folder: string, flags: Flags) => {
    const { restore } = await import('./maintenance.ts');
    await restore(settingsOf(flags), folder, print);
  });
  program
    .command('demo')
    .description('fraud features, scores and alerts on generated payments, in this process')
    .option('--events <n>', 'how many payments', '20000')
    .option('--rate <n>', 'payments a second', '2000')
    .action(async (flags: { readonly events: string; readonly rate: string }) => {
      const { runDemo } = await import('./demo.ts');
      await runDemo(flags);
    });
  program
    .command('user')
    .argument('<name>')
    .argument('[roles...]')
    .description('a line for authentication.users.file, with the hash of the password that is piped in')
    .option('--scram', 'a hash that PostgreSQL clients can use without sending the password', false)
    .action(async (name: string, roles: string[], { scram }: { readonly scram: boolean }) => {
      const { hashForScram, hashPassword } = await import('../server/access/passwords.ts');
      const hash = await (scram ? hashForScram : hashPassword)(readFileSync(0, 'utf8').replace(/\r?\n$/, ''));
      print([`${name}: ${hash}`, ...roles].join(','));
    });
  addMigrate(program, print, collect);
  addImport(
    withAccess(program.command('import')),
    (url, flags: AccessFlags) => openClient(url, { ...flags, set: {} }),
    print,
  );
  program
    .command('settings')
    .description('list every setting')
    .action(() => {
      for (const { name, doc, default: otherwise } of [...serverOptions.options, ...sessionOptions.options])
        print(`${name.padEnd(40)} ${doc}${otherwise ? ` (default ${otherwise})` : ''}`);
    });
  outliveReaders();
  try {
    await program.parseAsync(argv);
  } catch (error) {
    say(explain(error));
    process.exitCode = 1;
  }
  // A pipe takes what it gets later.
  await Promise.all([process.stdout, process.stderr].map(written));
  process.exit(process.exitCode ?? 0);
}

/** Whoever read it may have gone, which is no failure of this process. */
const written = (stream: NodeJS.WriteStream): Promise<void> =>
  new Promise((resolve) => {
    stream.once('error', () => resolve());
    stream.write('', () => resolve());
  });

function explain(error: unknown): string {
  if (error instanceof SqlError) return renderSqlError(error as SqlError);
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE')
    return renderSqlError(
      new SqlError('INVALID_SETTING', noSpan, {
        name: 'listeners',
        value: /:(\d+)$/.exec(message)?.[1] ?? '',
        why: 'another process listens there',
      }),
    );
  const { path } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' && path !== undefined) return `the file ${path} does not exist`;
  return error instanceof Error ? (error.stack ?? message) : String(error);
}
