import type { Command } from 'commander';
import type { Client } from '../repl/client.ts';
import { printName } from '../syntax/print.ts';

/** Opens the server of a URL; without one the node of the settings. */
export type OpenServer<F> = (
  url: string | undefined,
  flags: F,
) => Promise<{ readonly client: Client; readonly close: () => Promise<void> }>;

/** Adds the arguments of a command about one feature view over a range of feature times. */
export const aboutView = (command: Command): Command =>
  command
    .argument('<view>', 'a feature view')
    .argument('[url]', 'a server; without one the node of the settings is started')
    .option('--from <time>', 'feature times from this one on')
    .option('--to <time>', 'feature times before this one');

/** Runs such a command: prints what it gives as JSON. The exit code is 0 where all is well, 1 where not, and 2 where it was refused. */
export async function runOnView<F>(
  open: OpenServer<F>,
  url: string | undefined,
  flags: F,
  run: (client: Client) => Promise<Readonly<Record<string, unknown>>>,
  isWell: (told: Readonly<Record<string, unknown>>) => boolean,
): Promise<void> {
  const { client, close } = await open(url, flags);
  try {
    const told = await run(client);
    process.stdout.write(`${JSON.stringify(told, null, 2)}\n`);
    if (!isWell(told)) process.exitCode = 1;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const { hint } = error as Error & { readonly hint?: string };
    process.stderr.write(`${[error.message, hint].filter(Boolean).join('\n')}\n`);
    process.exitCode = 2;
  } finally {
    await close();
  }
}

/** A view's name of the command line. As in SQL, one in backticks is as it is written, and any other in upper case. */
export function viewName(given: string): string {
  const quoted = /^`(.*)`$/.exec(given)?.[1];
  return printName(quoted ?? given.toUpperCase());
}
