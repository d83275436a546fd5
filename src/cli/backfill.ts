import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Client } from '../repl/client.ts';
import { printString } from '../syntax/print.ts';
import { aboutView, runOnView, viewName, type OpenServer } from './view-command.ts';

interface BackfillFlags {
  readonly path: string;
  readonly from?: string;
  readonly to?: string;
  readonly readFrom?: string;
  readonly rowsPerFile?: string;
  readonly overwrite?: boolean;
  readonly materialize?: boolean;
}
type Told = Readonly<Record<string, unknown>>;

const pollMs = 200;
/** How often progress is told. */
const tellMs = 2000;

/**
 * `millrace backfill`: starts a backfill, tells how far it is on stderr, and prints how it ended as JSON. Ctrl-C ends it; the same
 * command goes on with it. The exit code is 0 where it is whole, 1 where it failed or was ended, and 2 where it was refused.
 */
export function addBackfill<F>(command: Command, open: OpenServer<F>): void {
  aboutView(command.requiredOption('--path <folder>', 'the folder of the files, on the server'))
    .description('write what a feature view gives over a range of time into Parquet files')
    .option(
      '--read-from <where>',
      'log: topics, and files for what they have no more; or files, and topics behind them',
    )
    .option('--rows-per-file <rows>', 'the most rows of a file')
    .option('--overwrite', 'replace a backfill that is in the folder')
    .option('--materialize', 'write the newest rows into the online store of the view too')
    .action((view: string, url: string | undefined, flags: BackfillFlags & F) =>
      runOnView(
        open,
        url,
        flags,
        async (client) => {
          const [started] = await client.execute(statementOf(view, flags));
          return follow(client, started as Told);
        },
        ({ state }) => state === 'DONE',
      ),
    );
}

/** Waits until a backfill has ended; gives what SHOW BACKFILLS tells of it then. */
async function follow(client: Client, { id, path, isWhole, message }: Told): Promise<Told> {
  if (isWhole === true) return { id, path, state: 'DONE', message };
  const end = (): void => void client.execute(`TERMINATE ${String(id)};`);
  process.on('SIGINT', end);
  try {
    for (let told = performance.now(); ; await sleep(pollMs)) {
      const [shown] = await client.execute('SHOW BACKFILLS;');
      const now = (shown!['backfills'] as Told[]).find((backfill) => backfill['id'] === id);
      if (now === undefined) return { id, path, state: 'ERROR', error: 'the server has started again since' };
      const { state, events, totalEvents, rows } = now;
      if (state === 'DONE' || state === 'CANCELLED' || state === 'ERROR') return now;
      if (performance.now() - told < tellMs) continue;
      told = performance.now();
      process.stderr.write(
        `${String(state)}: ${String(events)} of ${String(totalEvents)} events, ${String(rows)} rows\n`,
      );
    }
  } finally {
    process.off('SIGINT', end);
  }
}

function statementOf(view: string, flags: BackfillFlags): string {
  const { path, from, to, readFrom, rowsPerFile, overwrite, materialize } = flags;
  const options = [
    `PATH=${printString(path)}`,
    ...(readFrom === undefined ? [] : [`READ_FROM=${printString(readFrom)}`]),
    ...(rowsPerFile === undefined ? [] : [`ROWS_PER_FILE=${printString(rowsPerFile)}`]),
    ...(overwrite === true ? ["MODE='OVERWRITE'"] : []),
    ...(materialize === true ? ['MATERIALIZE=TRUE'] : []),
  ];
  const range = `${from === undefined ? '' : ` FROM ${printString(from)}`}${to === undefined ? '' : ` TO ${printString(to)}`}`;
  return `BACKFILL FEATURE VIEW ${viewName(view)}${range} WITH (${options.join(', ')});`;
}
