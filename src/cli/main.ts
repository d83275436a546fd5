import { Command, InvalidArgumentError } from 'commander';
import { readFileSync } from 'node:fs';
import { serverOptions } from '../config/server-options.ts';
import { sessionOptions } from '../config/session-options.ts';
import { readSettings, type Settings } from '../config/settings.ts';
import { renderSqlError, SqlError } from '../diagnostics/sql-error.ts';
import { noSpan } from '../diagnostics/source.ts';
import { readHeadless, runHeadless } from '../statements/headless.ts';
import { runDemo } from './demo.ts';
import { startNode, version, type RunningNode, type StartOptions } from './start-node.ts';
import { runTestFiles } from './test-files.ts';
import { Client } from '../repl/client.ts';
import { runRepl, runStatements } from '../repl/repl.ts';

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
  const given: Record<string, string> = { ...flags.set };
  if (flags.stateDir !== undefined) given['state.dir'] = flags.stateDir;
  if (flags.listeners !== undefined) given['listeners'] = flags.listeners;
  if (flags.bootstrapServers !== undefined) given['bootstrap.servers'] = flags.bootstrapServers;
  return readSettings(given, process.env, flags.config, say);
}

const withSettings = (command: Command): Command =>
  command
    .option('-c, --config <file>', 'a properties file')
    .option('--set <name=value>', 'one setting; may be repeated', collect, {})
    .option('--state-dir <folder>', 'the folder of the state (state.dir)')
    .option('--listeners <url>', 'where REST listens (listeners)')
    .option('--bootstrap-servers <brokers>', 'Kafka brokers; without them the embedded log is used');

async function serve(flags: Flags, options: StartOptions): Promise<void> {
  const chosen = settingsOf(flags);
  const file = serverOptions.read('ksql.queries.file', chosen);
  if (file !== undefined) return runFiles([file], chosen);
  const running = await startNode(chosen, { log: say, ...options });
  say(`Millrace ${version} serves ${running.server.url} (${running.engine.node.kind})`);
  if (process.stdin.isTTY && process.stdout.isTTY) {
    await runRepl(new Client(running.server.url), { version });
    await running.close();
    return;
  }
  await untilSignal(running);
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);

async function untilSignal(running: RunningNode): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve);
  });
  await running.close();
}

/** Runs files of statements as the only ones; REST answers, and changes nothing. */
async function runFiles(files: readonly string[], chosen: Settings): Promise<void> {
  const statements = readHeadless(files.map((name) => ({ name, text: readFileSync(name, 'utf8') })));
  const running = await startNode(chosen, { readOnly: true, log: say });
  await runHeadless(statements, running.engine);
  say(`Millrace ${version} runs ${files.join(', ')} at ${running.server.url}`);
  await untilSignal(running);
}

/** The REPL against a server, or against one of its own in this process. */
async function repl(
  url: string | undefined,
  flags: Flags & { execute?: string; file?: string; output?: string; define: Record<string, string> },
): Promise<void> {
  const running =
    url === undefined
      ? await startNode(
          { ...settingsOf(flags), ...(flags.listeners === undefined ? { listeners: 'http://127.0.0.1:0' } : {}) },
          { log: say },
        )
      : undefined;
  const client = new Client(url ?? running!.server.url);
  for (const [name, value] of Object.entries(flags.define)) client.variables.set(name.toUpperCase(), value);
  const output = flags.output?.toUpperCase() === 'JSON' ? 'JSON' : 'TABULAR';
  const script = flags.execute ?? (flags.file === undefined ? undefined : readFileSync(flags.file, 'utf8'));
  if (script === undefined) await runRepl(client, { version, output });
  else process.exitCode = (await runStatements(client, script, { output, source: flags.file ?? 'command' })) ? 0 : 1;
  await running?.close();
}

/** The command line. Errors of the user end with status 1 and say what to mend. */
export async function main(argv: readonly string[], options: StartOptions = {}): Promise<void> {
  const program = new Command('millrace')
    .description('A SQL streaming engine for real-time machine-learning pipelines')
    .version(version);
  withSettings(program.command('server').description('serve REST, and open the REPL when on a terminal')).action(
    (flags: Flags) => serve(flags, options),
  );
  withSettings(
    program
      .command('cli')
      .argument('[url]', 'a server; without one an embedded server is started')
      .description('the REPL'),
  )
    .option('-e, --execute <sql>', 'run these statements and exit')
    .option('-f, --file <file>', 'run this file and exit')
    .option('-o, --output <format>', 'TABULAR or JSON')
    .option('-d, --define <name=value>', 'a variable; may be repeated', collect, {})
    .action(repl);
  withSettings(
    program.command('run').argument('<files...>').description('run files of statements headless, REST read-only'),
  ).action((files: string[], flags: Flags) => runFiles(files, settingsOf(flags)));
  program
    .command('test')
    .argument('<files...>')
    .description('run the tests in files of statements, each on a node of its own')
    .action(async (files: string[]) => {
      if ((await runTestFiles(files, (text) => process.stdout.write(`${text}\n`))) > 0) process.exitCode = 1;
    });
  program
    .command('demo')
    .description('fraud features, scores and alerts on generated payments, in this process')
    .option('--events <n>', 'how many payments', '20000')
    .option('--rate <n>', 'payments a second', '2000')
    .action(runDemo);
  program
    .command('settings')
    .description('list every setting')
    .action(() => {
      for (const { name, doc, default: otherwise } of [...serverOptions.options, ...sessionOptions.options])
        process.stdout.write(`${name.padEnd(40)} ${doc}${otherwise ? ` (default ${otherwise})` : ''}\n`);
    });
  try {
    await program.parseAsync(argv);
    process.exit(process.exitCode ?? 0);
  } catch (error) {
    say(explain(error));
    process.exit(1);
  }
}

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
  return error instanceof Error ? (error.stack ?? message) : String(error);
}
