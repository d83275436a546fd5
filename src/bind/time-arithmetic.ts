import { SqlError } from '../diagnostics/sql-error.ts';
import { literal, type BoundExpr } from '../expressions/node.ts';
import { addMonths } from '../functions/scalar/add-months.ts';
import type { ExpressionNode } from '../syntax/expressions.ts';
import { intervalMonths } from '../syntax/intervals.ts';
import { BIGINT, DATE, INTEGER, TIMESTAMP, typeText } from '../types/sql-type.ts';
import { cast } from './coerce.ts';
import type { ExpressionTyper } from './typing.ts';

type Binary = Extract<ExpressionNode, { kind: 'binary' }>;

/** A time and an interval of months or years, which is counted by the calendar; undefined for other operands. */
export function monthArithmetic({ op, left, right }: Binary, typer: ExpressionTyper): BoundExpr | undefined {
  if (op !== '+' && op !== '-') return undefined;
  const [time, interval] = right.kind === 'interval' ? [left, right] : [right, left];
  const months = interval.kind === 'interval' ? intervalMonths(interval) : undefined;
  if (months === undefined || (op === '-' && interval === left)) return undefined;
  const moved = typer.type(time);
  if (moved.type.kind !== 'DATE' && moved.type.kind !== 'TIMESTAMP')
    throw new SqlError('INTERVAL_INVALID', interval.span, {
      why: `months are counted by the calendar, from a DATE or TIMESTAMP, and this is ${typeText(moved.type)}`,
      hint: 'Make a time of milliseconds by FROM_UNIXTIME(ms).',
    });
  if (months > 2 ** 31 - 1)
    throw new SqlError('NUMBER_OUT_OF_RANGE', interval.span, { text: String(months), range: 'months of an interval' });
  const amount = literal(INTEGER, op === '-' ? -months : months);
  return { kind: 'call', fn: addMonths.name, args: [moved, amount], type: moved.type };
}

/**
 * A time and an interval, which is BIGINT milliseconds, or the milliseconds between two times; undefined for other operands. A
 * date and days give a date, a date and other intervals a timestamp.
 */
export function timeArithmetic({ op, ...nodes }: Binary, left: BoundExpr, right: BoundExpr): BoundExpr | undefined {
  const isTime = ({ type }: BoundExpr): boolean => type.kind === 'TIMESTAMP' || type.kind === 'DATE';
  const of = (time: BoundExpr, ms: BoundExpr, sign: '+' | '-', unit: string): BoundExpr => {
    const moved: BoundExpr = { kind: 'arithmetic', op: sign, left: cast(time, TIMESTAMP), right: ms, type: TIMESTAMP };
    return time.type.kind === 'DATE' && /^(DAY|WEEK)/.test(unit) ? cast(moved, DATE) : moved;
  };
  if ((op === '+' || op === '-') && isTime(left) && nodes.right.kind === 'interval')
    return of(left, right, op, nodes.right.unit);
  if (op === '+' && isTime(right) && nodes.left.kind === 'interval') return of(right, left, op, nodes.left.unit);
  if (op === '-' && isTime(left) && isTime(right))
    return { kind: 'arithmetic', op, left: cast(left, TIMESTAMP), right: cast(right, TIMESTAMP), type: BIGINT };
  return undefined;
}
