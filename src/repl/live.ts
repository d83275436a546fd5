import type { QueryEvent } from './client.ts';
import { ServerError } from './client.ts';
import { LiveTable } from './live-table.ts';
import { columnsOf } from './shown-columns.ts';

const redrawMs = 200;
/** Over what is there, line by line: a screen that is cleared first flickers. */
const overdrawn = (lines: readonly string[]): string =>
  `\u001b[H${lines.map((line) => `${line}\u001b[K`).join('\n')}\u001b[J`;
const otherScreen = ['\u001b[?1049h\u001b[?25l', '\u001b[?25h\u001b[?1049l'] as const;

/** Where a live table is drawn: a terminal, whose size may change. */
export type Screen = Pick<NodeJS.WriteStream, 'write' | 'columns' | 'rows'>;

/**
 * Shows the rows of a query in place until it ends or is stopped: on the terminal's other screen, so that what was there before comes back. Returns
 * the last picture, which is left below, and the query's id.
 */
export async function showLive(
  events: AsyncIterable<QueryEvent>,
  screen: Screen,
): Promise<{ readonly lines: readonly string[]; readonly queryId: string | undefined }> {
  let queryId: string | undefined;
  let table: LiveTable | undefined;
  const size = (): readonly [number, number] => [screen.columns || 120, screen.rows || 24];
  const picture = (): readonly string[] => table?.render(...size(), performance.now()) ?? [];
  const draw = (): void => void screen.write(overdrawn(picture()));
  screen.write(otherScreen[0]);
  const timer = setInterval(draw, redrawMs);
  try {
    for await (const event of events) {
      if (event.kind === 'error') throw new ServerError(event.body);
      if (event.kind === 'header') {
        queryId = event.header.queryId;
        table = new LiveTable(columnsOf(event.header.schema));
      } else if (event.kind === 'row') table?.apply(event.columns, event.tombstone, performance.now());
    }
  } catch (error) {
    if ((error as Error).name !== 'AbortError') throw error;
  } finally {
    clearInterval(timer);
    screen.write(otherScreen[1]);
  }
  return { lines: picture(), queryId };
}
