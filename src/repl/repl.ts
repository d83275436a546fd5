import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import colors from 'picocolors';
import { SqlError } from '../diagnostics/sql-error.ts';
import { splitScript, parse } from '../syntax/parse.ts';
import { ServerError, type Client } from './client.ts';
import { Completer } from './completer.ts';
import { renderEntity } from './entities.ts';
import { highlight } from './highlight.ts';
import { columnWidths, renderRow } from './table.ts';

type Output = 'TABULAR' | 'JSON';
interface ReplOptions {
  readonly version: string;
  readonly output?: Output;
}

interface State {
  output: Output;
  spool: string | undefined;
  abort: AbortController | undefined;
  failed: boolean;
  client: Client;
}

const help = `Statements end with ";" and may span lines. Ctrl-C stops a query or drops what was typed, Ctrl-D leaves.
  \\h, help            this text                 exit, \\q           leave
  output JSON|TABULAR how answers are shown      history            what was typed
  run script 'file';  run a file                 spool 'file';      copy all output to a file; spool off;
  set 'p'='v';        a property of the session  define x = 'v';    a variable, used as \${x}
  server              the server and version     clear              clear the screen
  SHOW STREAMS; SHOW TABLES; SHOW QUERIES; SHOW FUNCTIONS; DESCRIBE name; EXPLAIN statement; PRINT topic FROM BEGINNING;`;

/** A terminal that does not tell its width says 0. */
const width = (): number => process.stdout.columns || 120;

function print(state: State, text: string): void {
  process.stdout.write(`${text}\n`);
  if (state.spool !== undefined) appendFileSync(state.spool, `${text}\n`);
}

function printError(state: State, error: unknown): void {
  state.failed = true;
  if (error instanceof ServerError) {
    const parts = [
      colors.red(
        error.code === undefined
          ? error.message
          : `${error.code}: ${error.message.replace(error.hint === undefined ? '' : `. ${error.hint}`, '')}`,
      ),
      error.frame,
      error.hint,
    ];
    print(state, parts.filter((part) => part !== undefined && part !== '').join('\n'));
    return;
  }
  print(state, colors.red(error instanceof Error ? error.message : String(error)));
}

/** Runs a script's statements in order and stops at the first that fails. True when all went well. */
export async function runStatements(
  client: Client,
  script: string,
  options: { readonly output: Output; readonly source: string },
): Promise<boolean> {
  const state: State = { output: options.output, spool: undefined, abort: undefined, failed: false, client };
  await runText(state, script.trim().endsWith(';') ? script : `${script};`, options.source);
  return !state.failed;
}

async function runText(state: State, text: string, source: string): Promise<void> {
  let statements;
  try {
    statements = splitScript({ name: source, text });
  } catch (error) {
    printError(
      state,
      error instanceof SqlError
        ? new ServerError({ message: error.message, code: error.code, hint: error.hint })
        : error,
    );
    return;
  }
  for (const statement of statements) {
    await runOne(state, statement.text);
    if (state.failed) return;
  }
}

/** Where a statement is answered, by its first word: a server may know statements that this REPL's grammar does not. */
export function placeOf(text: string): 'here' | 'query endpoint' | 'server' {
  const word = /^\s*(\w+)/.exec(text)?.[1]?.toUpperCase();
  switch (word) {
    case 'SELECT':
    case 'WITH':
    case 'PRINT':
      return 'query endpoint';
    case 'SET':
    case 'UNSET':
    case 'DEFINE':
    case 'UNDEFINE':
      return 'here';
    default:
      return 'server';
  }
}

/** A statement: session statements here, queries as streams, all others by /ksql. */
async function runOne(state: State, text: string): Promise<void> {
  const { client } = state;
  const script = /^\s*RUN\s+SCRIPT\s+'((?:[^']|'')*)'/i.exec(text);
  try {
    if (script !== null) {
      await runText(state, readFileSync(script[1]!, 'utf8'), script[1]!);
      return;
    }
    const place = placeOf(text);
    if (place === 'query endpoint') return await runQuery(state, text);
    if (place === 'here') return await applyLocally(state, text);
    if (/^\s*(SHOW|LIST)\s+VARIABLES/i.test(text)) {
      print(
        state,
        renderEntity(
          { '@type': 'variables', variables: [...client.variables].map(([name, value]) => ({ name, value })) },
          width(),
        ),
      );
      return;
    }
    const entities = await client.execute(text);
    for (const entity of entities)
      print(state, state.output === 'JSON' ? JSON.stringify(entity, null, 2) : renderEntity(entity, width()));
  } catch (error) {
    if ((error as Error).name !== 'AbortError') printError(state, error);
  }
}

/** Session statements: the server says whether it knows a property, and what it has to say of it. */
async function applyLocally(state: State, text: string): Promise<void> {
  const statement = parse(splitScript({ name: 'statement', text })[0]!);
  const { client } = state;
  switch (statement.kind) {
    case 'setProperty':
      for (const entity of await client.execute(text)) print(state, renderEntity(entity, width()));
      client.properties.set(statement.name, statement.value);
      print(state, `${statement.name} is now ${statement.value}`);
      return;
    case 'unsetProperty':
      await client.execute(text);
      client.properties.delete(statement.name);
      return;
    case 'define':
      client.variables.set(statement.name.text, statement.value);
      return;
    case 'undefine':
      client.variables.delete(statement.name.text);
      return;
    default:
  }
}

async function runQuery(state: State, text: string): Promise<void> {
  state.abort = new AbortController();
  let widths: number[] | undefined;
  let headers: string[] = [];
  let count = 0;
  let queryId: string | undefined;
  try {
    for await (const event of state.client.query(text, state.abort.signal)) {
      if (state.output === 'JSON' && event.kind !== 'error') {
        print(
          state,
          JSON.stringify(
            event.kind === 'header'
              ? { header: event.header }
              : event.kind === 'row'
                ? { row: { columns: event.columns, ...(event.tombstone ? { tombstone: true } : {}) } }
                : { finalMessage: event.message },
          ),
        );
        continue;
      }
      if (event.kind === 'header') {
        queryId = event.header.queryId;
        headers = columnNames(event.header.schema);
      } else if (event.kind === 'row') {
        const cells = event.columns.map((value) =>
          event.tombstone && value === null
            ? '<TOMBSTONE>'
            : value === null
              ? 'null'
              : typeof value === 'string'
                ? value
                : JSON.stringify(value),
        );
        if (headers.length === 0) {
          print(state, cells.join(' '));
          continue;
        }
        if (widths === undefined) {
          // Later rows may be wider than the first: columns share the terminal from the start.
          const share = Math.floor((width() - 1) / headers.length) - 3;
          widths = columnWidths(headers, [cells], width()).map((each) => Math.max(each, Math.min(share, 24)));
          print(state, rule(widths));
          print(state, colors.bold(renderRow(headers, widths)));
          print(state, rule(widths));
        }
        print(state, renderRow(cells, widths));
        count++;
      } else if (event.kind === 'error') printError(state, new ServerError({ message: event.message }));
      else print(state, event.message);
    }
    if (widths !== undefined) print(state, rule(widths));
    if (headers.length > 0) print(state, `${count} row${count === 1 ? '' : 's'}`);
  } catch (error) {
    if ((error as Error).name !== 'AbortError') throw error;
    if (queryId !== undefined) await state.client.closeQuery(queryId);
    print(state, `Query stopped after ${count} row${count === 1 ? '' : 's'}`);
  } finally {
    state.abort = undefined;
  }
}

const rule = (widths: readonly number[]): string => `+${widths.map((each) => '-'.repeat(each + 2)).join('+')}+`;
const columnNames = (schema: string): string[] =>
  [...schema.matchAll(/`((?:[^`]|``)+)` (?:[A-Z]+)(?:\((?:\d+), (?:\d+)\)|<)?/g)]
    .filter((match) => depthAt(schema, match.index) === 0)
    .map((match) => match[1]!.replaceAll('``', '`'));

/** How many `<` are open before a place in a schema: names inside a STRUCT are no columns. */
function depthAt(schema: string, end: number): number {
  let depth = 0;
  for (let i = 0; i < end; i++) depth += schema[i] === '<' ? 1 : schema[i] === '>' ? -1 : 0;
  return depth;
}

/** Commands that need no semicolon and are never sent. True when the line was one. */
function command(line: string, state: State, terminal: Interface): boolean {
  const text = line.trim().replace(/;$/, '');
  const [word = '', argument = ''] = text.split(/\s+/, 2);
  switch (word.toLowerCase()) {
    case '\\h':
    case '\\?':
    case 'help':
      print(state, help);
      return true;
    case 'exit':
    case 'quit':
    case '\\q':
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
    case 'output':
      if (/^(JSON|TABULAR)$/i.test(argument)) state.output = argument.toUpperCase() as Output;
      print(state, `output is ${state.output}`);
      return true;
    case 'spool': {
      const file = /^spool\s+'(.*)'$/i.exec(text)?.[1];
      state.spool = file;
      if (file !== undefined) writeFileSync(file, '');
      print(state, file === undefined ? 'spool is off' : `spooling to ${file}`);
      return true;
    }
    default:
      return false;
  }
}

/** The REPL on a terminal: lines until a semicolon, history, completion, Ctrl-C that stops a query and no more. */
export async function runRepl(client: Client, options: ReplOptions): Promise<void> {
  const state: State = {
    output: options.output ?? 'TABULAR',
    spool: undefined,
    abort: undefined,
    failed: false,
    client,
  };
  const history = readHistory();
  const completer = new Completer(client);
  const terminal = createInterface({
    input: process.stdin,
    output: process.stdout,
    history,
    historySize,
    completer: (line: string, done: (error: null, result: [string[], string]) => void) =>
      void completer.complete(line).then((result) => done(null, result)),
  });
  print(
    state,
    `${colors.bold('Millrace')} ${options.version} at ${client.url}. \\h for help, statements end with ";".`,
  );
  let pending = '';
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
    if (pending === '' && line.trim() === 'history') print(state, [...history].reverse().join('\n'));
    else if (pending === '' && (line.trim() === '' || command(line, state, terminal))) state.failed = false;
    else {
      pending += (pending === '' ? '' : '\n') + line;
      if (isComplete(pending)) {
        const text = pending;
        pending = '';
        remember(text, history);
        if (text.includes('\n') && process.stdout.isTTY) process.stdout.write(`${highlight(text)}\n`);
        state.failed = false;
        await runText(state, text, 'input');
        completer.forget();
      }
    }
    prompt();
  }
}

const historyPath = join(homedir(), '.millrace', 'history');
const historySize = 1000;

/** The statements of earlier sessions, the newest first. */
function readHistory(): string[] {
  if (!existsSync(historyPath)) return [];
  const lines = readFileSync(historyPath, 'utf8').split('\n');
  return lines
    .filter((line) => line !== '')
    .reverse()
    .slice(0, historySize);
}

function remember(text: string, history: string[]): void {
  const line = text.replaceAll('\n', ' ');
  mkdirSync(dirname(historyPath), { recursive: true });
  appendFileSync(historyPath, `${line}\n`);
  history.unshift(line);
}

/** Whether the last semicolon ends the text, outside strings and comments. */
function isComplete(text: string): boolean {
  return /;\s*$/.test(text.replace(/'(?:[^']|'')*'|`[^`]*`|--[^\n]*|\/\*[^]*?\*\//g, ' '));
}
