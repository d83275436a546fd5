import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import colors from 'picocolors';
import { closest } from '../util/closest.ts';
import type { Client } from './client.ts';
import { Completer } from './completer.ts';
import { edited } from './editor.ts';
import { highlight } from './highlight.ts';
import { searchesHistory } from './keys.ts';
import { outputs, type Output } from './layouts.ts';
import { newState, print, runLive, runText, type State } from './repl.ts';
import { isComplete } from './split.ts';

interface ReplOptions {
  readonly version: string;
  readonly output: Output;
}

const help = `Statements end with ";" and may span lines. Ctrl-C stops a statement or drops what was typed, Ctrl-D leaves.
  \\h, help             this text                  exit, \\q           leave
  \\d, \\d name          sources, or one of them    \\watch n          the last statement again every n seconds
  \\x                   rows as lines, or not      \\timing           how long each statement takes, or not
  \\live query          a table's rows in place    \\limit n          of a query that ends, so many rows; 0 for all
  \\e, \\e file          edit the last statement    \\pager            page what has no room, or not; Ctrl-R looks back
  \\o file, \\o          rows into a file, or not   output ${outputs.slice(0, 3).join('|')}…
  run script 'file';   run a file                 spool 'file';      copy all output to a file; spool off;
  set 'p'='v';         a property of the session  define x = 'v';    a variable, used as \${x}
  history              what was typed             server, clear      the server; an empty screen
  SHOW STREAMS; SHOW TABLES; SHOW QUERIES; SHOW FUNCTIONS; DESCRIBE name; EXPLAIN statement; PRINT topic FROM BEGINNING;`;

interface Command {
  readonly state: State;
  readonly argument: string;
  readonly terminal: Interface;
  /** The statement that was run last. */
  readonly last: string;
  /** Takes a text as if it had been typed. */
  readonly type: (text: string) => void;
}

const run = async ({ state }: Command, sql: string): Promise<void> => {
  await runText(state, sql, 'input');
};
const quoted = (name: string): string => (/^[`"]/.test(name) ? name : name.replace(/[^\w`"]/g, ''));
const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });

/** What begins with a backslash, and what it does. */
const backslash: Readonly<Record<string, (command: Command) => Promise<void> | void>> = {
  '\\h': ({ state }) => print(state, help),
  '\\?': ({ state }) => print(state, help),
  '\\q': ({ terminal }) => terminal.close(),
  '\\d': (command) =>
    run(command, command.argument === '' ? 'SHOW STREAMS; SHOW TABLES;' : `DESCRIBE ${quoted(command.argument)};`),
  '\\x': ({ state }) => {
    state.output = state.output === 'expanded' ? 'tabular' : 'expanded';
    print(state, `output is ${state.output}`);
  },
  '\\timing': ({ state }) => {
    state.timing = !state.timing;
    print(state, `timing is ${state.timing ? 'on' : 'off'}`);
  },
  '\\o': ({ state, argument }) => {
    state.target = undefined;
    print(state, argument === '' ? 'rows go to the terminal' : `rows go into ${argument}`);
    if (argument === '') return;
    writeFileSync(argument, '');
    state.target = argument;
  },
  '\\e': ({ state, argument, last, type }) => {
    const isRaw = process.stdin.isRaw;
    if (process.stdin.isTTY) process.stdin.setRawMode(false);
    try {
      type(edited(last, argument === '' ? undefined : argument));
    } catch (error) {
      print(state, colors.red((error as Error).message));
    } finally {
      if (process.stdin.isTTY) process.stdin.setRawMode(isRaw);
    }
  },
  '\\pager': ({ state }) => {
    state.pages = !state.pages;
    print(state, `pager is ${state.pages ? 'on' : 'off'}`);
  },
  '\\limit': ({ state, argument }) => {
    const limit = argument === '' ? state.limit : Number(argument);
    if (Number.isInteger(limit) && limit >= 0) state.limit = limit;
    else print(state, colors.red('\\limit takes a number of rows; 0 for all'));
    print(state, state.limit === 0 ? 'all rows are shown' : `${state.limit} rows are shown of a query that ends`);
  },
  '\\live': async ({ state, argument, last }) => {
    const asked = argument === '' ? last : argument;
    if (asked === '') print(state, '\\live takes a table or a query');
    else
      await runLive(
        state,
        /^\S+$/.test(asked) ? `SELECT * FROM ${quoted(asked)} EMIT CHANGES;` : `${asked.replace(/;\s*$/, '')};`,
      );
  },
  '\\watch': async (command) => {
    const { state, argument, last } = command;
    const seconds = argument === '' ? 2 : Number(argument);
    if (last === '' || !(seconds > 0)) {
      print(state, last === '' ? 'there is no statement to run again' : '\\watch takes seconds');
      return;
    }
    const watched = new AbortController();
    while (!watched.signal.aborted) {
      await run(command, last);
      if (state.failed) return;
      state.abort = watched;
      await pause(seconds * 1000, watched.signal);
      state.abort = undefined;
    }
  },
};

/** Runs a command of the REPL itself, which needs no semicolon. False when the line is no command. */
async function runCommand(line: string, { state, terminal, last, type }: Omit<Command, 'argument'>): Promise<boolean> {
  const text = line.trim().replace(/;$/, '');
  const [, word = '', argument = ''] = /^(\S+)\s*(.*)$/.exec(text) ?? [];
  if (word.startsWith('\\')) {
    const known = Object.hasOwn(backslash, word) ? backslash[word] : undefined;
    const near = closest(word, Object.keys(backslash));
    if (known === undefined)
      print(
        state,
        colors.red(`${word} is no command${near === undefined ? '' : `; did you mean ${near}?`} \\h lists them`),
      );
    else await known({ state, argument, terminal, last, type });
    return true;
  }
  switch (word.toLowerCase()) {
    case 'help':
      if (argument !== '') return false;
      print(state, help);
      return true;
    case 'exit':
    case 'quit':
      terminal.close();
      return true;
    case 'clear':
      process.stdout.write('\u001b[2J\u001b[H');
      return true;
    case 'version':
    case 'server':
      if (argument !== '') return false;
      print(state, state.client.url);
      return true;
    case 'output': {
      const output = outputs.find((known) => known === argument.toLowerCase());
      if (output === undefined && argument !== '') print(state, colors.red(`outputs are ${outputs.join(', ')}`));
      if (output !== undefined) state.output = output;
      print(state, `output is ${state.output}`);
      return true;
    }
    case 'spool': {
      const file = /^'(.*)'$/.exec(argument)?.[1];
      state.spool = file;
      if (file !== undefined) writeFileSync(file, '');
      print(state, file === undefined ? 'spool is off' : `spooling to ${file}`);
      return true;
    }
    default:
      return false;
  }
}

/** Runs the REPL on a terminal: multi-line statements, history, completion; Ctrl-C stops the running statement only. */
export async function runRepl(client: Client, options: ReplOptions): Promise<void> {
  const state = newState(client, options.output);
  state.pages = true;
  state.limit = mostRows;
  const history = readHistory();
  const completer = new Completer(client);
  let pending = '';
  const terminal = createInterface({
    input: process.stdin,
    output: process.stdout,
    history: history.map((text) => text.replaceAll('\n', ' ')),
    historySize,
    completer: (line: string, done: (error: null, result: [string[], string]) => void) =>
      void completer.complete(`${pending}\n${line}`).then((result) => done(null, result)),
  });
  print(
    state,
    `${colors.bold('Millrace')} ${options.version} at ${client.url}. \\h for help, statements end with ";".`,
  );
  searchesHistory(terminal, history);
  let last = '';
  const editor: { text: string | undefined } = { text: undefined };
  const type = (text: string): void => void (editor.text = text);
  const prompt = (): void => {
    terminal.setPrompt(pending === '' ? 'millrace> ' : '       -> ');
    terminal.prompt();
  };
  terminal.on('SIGINT', () => {
    if (state.abort !== undefined) {
      state.abort.abort();
      return;
    }
    pending = '';
    terminal.write(null, { ctrl: true, name: 'u' });
    process.stdout.write('\n');
    prompt();
  });
  prompt();
  for await (const line of terminal) {
    editor.text = undefined;
    // What is not complete yet can be edited, too.
    const isCommand = pending === '' || /^\s*\\e\b/.test(line);
    const command = { state, terminal, last: pending === '' ? last : pending, type };
    if (isCommand && line.trim() === 'history') print(state, [...history].reverse().join('\n'));
    else if (isCommand && (line.trim() === '' || (await runCommand(line, command)))) state.failed = false;
    else pending += (pending === '' ? '' : '\n') + line;
    const { text: typed } = editor;
    if (typed !== undefined) pending = typed;
    if (isComplete(pending)) {
      const text = pending;
      pending = '';
      last = text;
      remember(text, history);
      // What comes from an editor has been seen nowhere else.
      if ((typed !== undefined || text.includes('\n')) && process.stdout.isTTY) print(state, highlight(text));
      else if (state.spool !== undefined) appendFileSync(state.spool, `${text}\n`);
      await runText(state, text, 'input');
      completer.forget();
    } else if (typed !== undefined && typed !== '') print(state, highlight(typed));
    prompt();
  }
}

const historyPath = join(homedir(), '.millrace', 'history');
const historySize = 1000;
/** What a query that ends by itself shows unless told otherwise. */
const mostRows = 10_000;

/** A statement as one line of the history file: its own line ends are kept, so that a comment does not hide what follows it. */
const toLine = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
const fromLine = (line: string): string => line.replace(/\\(n|\\)/g, (_, letter) => (letter === 'n' ? '\n' : '\\'));

/** The statements of earlier sessions, newest first. */
function readHistory(): string[] {
  if (!existsSync(historyPath)) return [];
  const lines = readFileSync(historyPath, 'utf8').split('\n');
  return lines
    .filter((line) => line !== '')
    .map(fromLine)
    .reverse()
    .slice(0, historySize);
}

function remember(text: string, history: string[]): void {
  mkdirSync(dirname(historyPath), { recursive: true });
  appendFileSync(historyPath, `${toLine(text)}\n`, { mode: 0o600 });
  history.unshift(text);
}
