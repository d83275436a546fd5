import { SqlError } from '../../diagnostics/sql-error.ts';
import type { OverFrame } from '../../specs/window.ts';
import type { BoundNode, FrameNode, OverNode } from '../../syntax/expressions.ts';
import { printBound } from '../../syntax/print.ts';
import { durationText, unitLengthMs } from '../../util/time-units.ts';
import { checkTile } from './tile.ts';

type Offset = Extract<BoundNode, { kind: 'offset' }>;

/** The frame of a window; without one the frame is all rows up to the current one. */
export function frameOf(spec: OverNode): OverFrame {
  const { frame, exclude, maxSize, tile } = spec;
  const [start, end] = frame === undefined ? [undefined, 0] : bounds(frame);
  if (maxSize !== undefined && !(maxSize.value >= 1 && Number.isSafeInteger(maxSize.value)))
    throw new SqlError('FRAME_INVALID', maxSize.span, {
      why: `it cannot be cut to ${maxSize.value} rows`,
      hint: 'MAXSIZE 1 keeps the newest row; without MAXSIZE all are kept.',
    });
  const bound: OverFrame = {
    unit: frame?.unit ?? 'RANGE',
    start,
    end,
    exclude: exclude === undefined || exclude.value === 'NO OTHERS' ? undefined : exclude.value,
    maxSize: maxSize?.value,
    tileMs: tile?.value.ms,
  };
  if (tile !== undefined) checkTile(spec, tile, bound);
  return bound;
}

/** Distances of the frame's start (undefined: UNBOUNDED PRECEDING) and end before the current row. */
function bounds({ unit, start, end, span }: FrameNode): [start: number | undefined, end: number] {
  const from = distance(start, unit);
  const to = distance(end, unit);
  if (to === undefined)
    throw new SqlError('FRAME_INVALID', end.span, {
      why: 'it cannot end before the first row',
      hint: 'End it at CURRENT ROW.',
    });
  if (from !== undefined && from < to)
    throw new SqlError('FRAME_INVALID', span, {
      why: 'it begins behind its end',
      hint: `Exchange the bounds: BETWEEN ${printBound(end)} AND ${printBound(start)}.`,
    });
  return [from, to];
}

/** The distance of a bound before the current row, in rows or ms; undefined for UNBOUNDED PRECEDING. */
function distance(bound: BoundNode, unit: OverFrame['unit']): number | undefined {
  if (bound.kind === 'current') return 0;
  if (bound.following)
    throw new SqlError('FRAME_INVALID', bound.span, {
      why: 'it reaches behind the current row, and a stream does not know what is still to come, with EMIT FINAL neither',
      hint: 'End it at CURRENT ROW.',
    });
  return bound.kind === 'unbounded' ? undefined : amountOf(bound, unit);
}

function amountOf(bound: Offset, frameUnit: OverFrame['unit']): number {
  const { amount, unit, span } = bound;
  const refuse = (why: string, hint: string): never => {
    throw new SqlError('FRAME_INVALID', span, { why, hint });
  };
  const number = Number(amount);
  if (frameUnit === 'ROWS' && unit !== undefined)
    return refuse(
      `its rows are counted, and ${amount} ${unit} is a time`,
      `Write RANGE before the bounds, or leave ${unit} out.`,
    );
  const length = unit === undefined ? 1 : unitLengthMs(unit);
  const distance = number * length;
  if (distance < 0)
    return refuse(
      'a bound lies before the current row, at a positive distance',
      `Write ${printBound({ ...bound, amount: amount.replace('-', '') })}.`,
    );
  if (!Number.isInteger(number)) {
    const whole = Math.round(distance);
    const text = unit === undefined ? `${Math.max(whole, 1)}` : durationText(Math.max(whole, 1));
    return refuse('the distance of a bound is a whole number', `Write ${text} PRECEDING.`);
  }
  if (!Number.isSafeInteger(distance))
    return refuse(
      `${amount}${unit === undefined ? '' : ` ${unit}`} is too far`,
      'UNBOUNDED PRECEDING takes all rows that there were.',
    );
  return distance;
}
