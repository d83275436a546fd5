import { stripVTControlCharacters } from 'node:util';
import { appendFileSync, readFileSync } from 'node:fs';
import colors from 'picocolors';
import { ServerError, type Client, type Entity, type QueryEvent } from './client.ts';
import { renderEntity, warningsOf } from './entities.ts';
import { jsonText } from '../types/json.ts';
import { showLive } from './live.ts';
import { isForPrograms, layoutOf, type Layout, type Output, type ShownColumn } from './layouts.ts';
import { Pager, type LineTarget } from './pager.ts';
import { columnsOf } from './shown-columns.ts';
import { placeIn, splitStatements } from './split.ts';

/** What a session of statements shows, and to whom it talks. */
export interface State {
  output: Output;
  spool: string | undefined;
  /** Where rows go instead of the terminal (`\o`). */
  target: string | undefined;
  abort: AbortController | undefined;
  failed: boolean;
  client: Client;
  /** Whether the time of each statement is told. */
  timing: boolean;
  /** How many rows of a query that ends by itself are shown; 0 for all. */
  limit: number;
  /** Whether what a terminal has no room for goes through a pager. */
  pages: boolean;
  /** Where the lines of the answer that is being shown go. */
  pager: LineTarget | undefined;
  /** Whether nobody reads what is written any more. */
  isAlone: boolean;
  /** The script that runs; undefined where somebody types. */
  source: string | undefined;
  /** Goes on with a script after an error. */
  goesOn: boolean;
}

export const newState = (client: Client, output: Output): State => ({
  output,
  spool: undefined,
  target: undefined,
  abort: undefined,
  failed: false,
  client,
  timing: false,
  limit: 0,
  pages: false,
  pager: undefined,
  isAlone: false,
  source: undefined,
  goesOn: false,
});

/** 0 columns means that the terminal's width is unknown. */
const width = (): number => process.stdout.columns || 120;

/** The spool file is plain text, whatever the terminal shows. */
export function print(state: State, text: string, to: NodeJS.WriteStream = process.stdout): void {
  to.write(`${text}\n`);
  if (state.spool !== undefined) appendFileSync(state.spool, plain(text));
}
const plain = (text: string): string => `${stripVTControlCharacters(text)}\n`;

/** Rows go where `\\o` says. */
function printRows(state: State, text: string): void {
  if (state.target !== undefined) appendFileSync(state.target, plain(text));
  else if (state.pager !== undefined) state.pager.write(text);
  else print(state, text);
}
/** Runs what prints the rows of an answer that ends by itself, through a pager where somebody reads them at a terminal. */
async function paged(state: State, show: (pager: Pager | undefined) => Promise<void> | void): Promise<void> {
  const { abort, pages, target } = state;
  const pager =
    pages && target === undefined && process.stdout.isTTY
      ? new Pager(
          process.stdout.rows || 24,
          (line) => print(state, line),
          () => abort?.abort(),
        )
      : undefined;
  state.pager = pager;
  try {
    await show(pager);
  } finally {
    state.pager = undefined;
    await pager?.end();
  }
}

/** What is no row; a program that reads rows from stdout does not get it. */
const notice = (state: State, text: string): void => {
  if (text === '' || state.isAlone) return;
  // Below the rows that somebody is still reading.
  if (state.pager !== undefined && !isForPrograms(state.output)) state.pager.write(text);
  else print(state, text, isForPrograms(state.output) ? process.stderr : process.stdout);
};

function printError(state: State, error: unknown, place?: string): void {
  state.failed = true;
  // What a script gives may go into a file; its errors must not.
  const to = state.source === undefined ? process.stdout : process.stderr;
  const at = place === undefined ? '' : `${place}: `;
  if (!(error instanceof ServerError)) {
    print(state, at + colors.red(error instanceof Error ? error.message : String(error)), to);
    return;
  }
  const { code, hint, frame } = error;
  const message = error.message
    .replace(hint === undefined ? '' : `. ${hint}`, '')
    .replace(place === undefined ? '' : /^line \d+:\d+: /, '');
  const parts = [at + colors.red(code === undefined ? message : `${code}: ${message}`), frame, hint];
  print(state, parts.filter((part) => part !== undefined && part !== '').join('\n'), to);
}

interface ScriptOptions {
  readonly output: Output;
  readonly source: string;
  readonly onError?: 'stop' | 'continue';
}

/**
 * Runs a script's statements in order until one fails, or all of them, or until nobody reads stdout any more, for whom a query would go
 * on for ever. True when all that ran succeeded.
 */
export async function runStatements(client: Client, script: string, options: ScriptOptions): Promise<boolean> {
  const state = newState(client, options.output);
  state.source = options.source;
  state.goesOn = options.onError === 'continue';
  const leave = (): void => {
    state.isAlone = true;
    state.abort?.abort();
  };
  process.stdout.on('error', leave);
  try {
    return await runText(state, script, options.source);
  } finally {
    process.stdout.off('error', leave);
  }
}

/** Runs the statements of a text; true when all succeeded. */
export async function runText(state: State, text: string, source: string): Promise<boolean> {
  let succeeded = true;
  for (const { text: statement, start } of splitStatements(text)) {
    state.failed = false;
    await runOne(state, statement, (line, column) => {
      if (state.source === undefined && source === 'input') return undefined;
      const begin = placeIn(text, start);
      return `${source}:${begin.line + line - 1}:${line === 1 ? begin.column + column - 1 : column}`;
    });
    succeeded &&= !state.failed;
    if ((state.failed && !state.goesOn) || state.isAlone) break;
  }
  state.failed = !succeeded;
  return succeeded;
}

type PlaceOf = (line: number, column: number) => string | undefined;

/**
 * Where a statement is executed, decided by its first word only, because the server may know statements that this grammar does
 * not.
 */
export function placeOf(text: string): 'here' | 'query endpoint' | 'server' {
  const word = /^\s*(\w+)/.exec(text)?.[1]?.toUpperCase();
  switch (word) {
    case 'SELECT':
    case 'WITH':
    case 'PRINT':
    case 'SUMMARIZE':
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

/** Runs a statement: session statements locally, queries at the query endpoint, all others at /ksql. */
async function runOne(state: State, text: string, placeAt: PlaceOf): Promise<void> {
  const { client } = state;
  const script = /^\s*RUN\s+SCRIPT\s+'((?:[^']|'')*)'/i.exec(text);
  const began = performance.now();
  state.abort = new AbortController();
  try {
    if (script !== null) {
      const path = script[1]!.replaceAll("''", "'");
      await runText(state, readFileSync(path, 'utf8'), path);
      return;
    }
    const place = placeOf(text);
    if (place === 'query endpoint') await runQuery(state, text, state.abort.signal);
    else if (place === 'here') await applyLocally(state, text, state.abort.signal);
    else if (/^\s*(SHOW|LIST)\s+VARIABLES/i.test(text)) {
      const variables = [...client.variables].map(([name, value]) => ({ name, value }));
      printEntity(state, { '@type': 'variables', variables });
    } else {
      const entities = await client.execute(text, state.abort.signal);
      await paged(state, () => entities.forEach((entity) => printEntity(state, entity)));
    }
  } catch (error) {
    if ((error as Error).name === 'AbortError') notice(state, 'Stopped waiting; the server may still carry it out');
    else {
      const { line, column } = error as Partial<ServerError>;
      printError(state, error, placeAt(line ?? 1, column ?? 1));
    }
  } finally {
    state.abort = undefined;
    if (state.timing) notice(state, `Time: ${(performance.now() - began).toFixed(1)} ms`);
  }
}

function printEntity(state: State, entity: Entity): void {
  if (state.output === 'json') {
    printRows(state, JSON.stringify(entity, null, 2));
    return;
  }
  const { text, isRows } = renderEntity(entity, width(), state.output);
  for (const warning of warningsOf(entity)) notice(state, warning);
  if (isRows) printRows(state, text);
  else notice(state, text);
}

/** Applies a session statement to the client. SET is sent to the server too, which checks the property and returns warnings. */
async function applyLocally(state: State, text: string, signal: AbortSignal): Promise<void> {
  const { parse, splitScript } = await import('../syntax/parse.ts');
  const statement = parse(splitScript({ name: 'statement', text })[0]!);
  const { client } = state;
  switch (statement.kind) {
    case 'setProperty':
      for (const entity of await client.execute(text, signal)) printEntity(state, entity);
      client.properties.set(statement.name, statement.value);
      notice(state, `${statement.name} is now ${statement.value}`);
      return;
    case 'unsetProperty':
      await client.execute(text, signal);
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

/** Shows the rows of a query in place until Ctrl-C, or its end. */
export async function runLive(state: State, text: string): Promise<void> {
  state.abort = new AbortController();
  try {
    const { lines, queryId } = await showLive(state.client.query(text, state.abort.signal), process.stdout);
    if (queryId !== undefined) await state.client.closeQuery(queryId);
    if (lines.length > 0) print(state, lines.join('\n'));
  } catch (error) {
    printError(state, error);
  } finally {
    state.abort = undefined;
  }
}

/** Whether a query goes on until somebody stops it; its rows are shown as they come. */
const isEndless = (text: string): boolean => /^\s*PRINT\b/i.test(text) || /\bEMIT\s+(CHANGES|FINAL)\b/i.test(text);

/** Runs a query until it ends or Ctrl-C aborts it, and prints its rows as they come. */
async function runQuery(state: State, text: string, signal: AbortSignal): Promise<void> {
  if (isEndless(text)) await showRows(state, text, signal, 0, undefined);
  else await paged(state, (pager) => showRows(state, text, signal, state.limit, pager));
}

async function showRows(
  state: State,
  text: string,
  signal: AbortSignal,
  limit: number,
  pager: Pager | undefined,
): Promise<void> {
  const layout = layoutOf(state.output, width());
  const isJson = state.output === 'json';
  let queryId: string | undefined;
  let columns: readonly ShownColumn[] | undefined;
  let count = 0;
  let last = '';
  const show = (lines: readonly string[]): void => lines.forEach((line) => printRows(state, line));
  try {
    for await (const event of state.client.query(text, signal)) {
      if (event.kind === 'header') queryId = event.header.queryId;
      if (event.kind === 'error') throw new ServerError(event.body);
      if (isJson) printRows(state, eventJson(event));
      else if (event.kind === 'header') {
        columns = columnsOf(event.header.schema);
        show(layout.begin(columns));
      } else if (event.kind === 'final') last = event.message;
      else {
        if (limit > 0 && count === limit) {
          last = `Stopped at ${countText(count)}; \\limit 0 shows all`;
          if (queryId !== undefined) await state.client.closeQuery(queryId);
          break;
        }
        count++;
        showRow(state, layout, columns, event);
      }
      if (pager?.pressure !== undefined) await pager.pressure;
    }
    if (columns !== undefined) show(layout.end());
    // Below the table, whose last line is drawn when its last row has come.
    notice(state, last);
    if (columns !== undefined && !isForPrograms(state.output)) notice(state, countText(count));
  } catch (error) {
    if ((error as Error).name !== 'AbortError') throw error;
    if (queryId !== undefined) await state.client.closeQuery(queryId);
    notice(state, `Query stopped after ${countText(count)}`);
  }
}

/** The lines of PRINT have no columns. */
function showRow(
  state: State,
  layout: Layout,
  columns: readonly ShownColumn[] | undefined,
  { columns: values, tombstone }: Extract<QueryEvent, { kind: 'row' }>,
): void {
  if (columns === undefined) printRows(state, values.map(String).join(' '));
  else
    for (const line of layout.row(tombstone ? values.map((value) => value ?? undefined) : values))
      printRows(state, line);
}

const countText = (count: number): string => `${count} row${count === 1 ? '' : 's'}`;

/** An event of a query in the form of the server's query endpoint. */
function eventJson(event: Exclude<QueryEvent, { kind: 'error' }>): string {
  if (event.kind === 'header') return JSON.stringify({ header: event.header });
  if (event.kind === 'row')
    return `{"row":{"columns":${jsonText([...event.columns])}${event.tombstone ? ',"tombstone":true' : ''}}}`;
  return JSON.stringify({ finalMessage: event.message });
}
