import type { Span } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import type { OverFrame } from '../../specs/window.ts';
import type { CallNode, Duration, OverNode, OverOption } from '../../syntax/expressions.ts';
import { durationText } from '../../util/time-units.ts';

/** Tiles hold no single rows, so the frame must be a RANGE that ends at the current row and is a multiple of the tile. */
export function checkTile({ frame, exclude, maxSize }: OverNode, tile: OverOption<Duration>, bound: OverFrame): void {
  const refuse = (span: Span, why: string, hint: string): never => {
    throw new SqlError('TILE_INVALID', span, { why, hint });
  };
  const { text, ms } = tile.value;
  if (bound.unit === 'ROWS')
    refuse(tile.span, 'tiles cut time, and this frame counts rows', 'Write the frame as RANGE.');
  if (maxSize !== undefined)
    refuse(
      maxSize.span,
      'tiles keep no single rows that could be counted',
      'Leave MAXSIZE out: tiles bound the memory.',
    );
  if (bound.exclude !== undefined)
    refuse(
      exclude!.span,
      'tiles keep no single rows that could be left out',
      'Write EXCLUDE in a window without tiles.',
    );
  const { start } = bound;
  if (start === undefined) {
    refuse(
      frame?.start.span ?? tile.span,
      'the frame must have a beginning that moves by tiles',
      `Write RANGE BETWEEN ${text} PRECEDING AND CURRENT ROW, or any multiple of ${text}.`,
    );
  } else {
    if (bound.end !== 0) refuse(frame!.end.span, 'the frame must end at the current row', 'Write AND CURRENT ROW.');
    if (ms === 0) refuse(tile.span, 'a tile has a length', `TILE ${durationText(start)} fits this frame.`);
    if (start % ms !== 0 || start === 0)
      refuse(
        tile.span,
        `the frame of ${durationText(start)} is no multiple of ${text}`,
        start === 0
          ? `Write RANGE BETWEEN ${text} PRECEDING AND CURRENT ROW.`
          : `TILE ${durationText(tileFor(start, ms))} fits this frame.`,
      );
  }
}

/** Refuses a call in a tiled window that needs single rows, or cannot put the tiles of a frame together. */
export function checkTiledCall({ name }: CallNode, { tile }: OverNode, fitsTiles: boolean, merges = true): void {
  if (tile === undefined || (fitsTiles && merges)) return;
  throw new SqlError('TILE_INVALID', name.span, {
    why: fitsTiles
      ? `${name.text} has no merge, which puts the tiles of a frame together`
      : `${name.text} needs the rows of its frame one by one, which tiles do not keep`,
    hint: 'Give it a window of its own without tiles.',
  });
}

/** The longest tile up to `ms` that divides the frame; if there is none, the shortest longer one. */
function tileFor(frameMs: number, ms: number): number {
  const fewest = Math.max(1, Math.ceil(frameMs / ms));
  for (let count = fewest; count < fewest + 10_000; count++) if (frameMs % count === 0) return frameMs / count;
  return frameMs;
}
