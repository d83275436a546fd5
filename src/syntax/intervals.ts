import type { Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { unitLengthMs } from '../util/time-units.ts';

interface Interval {
  readonly amount: number;
  readonly unit: string;
  readonly span: Span;
}

const months: Readonly<Record<string, number>> = { MONTH: 1, QUARTER: 3, YEAR: 12 };

/** The months of an interval by the calendar; undefined of one that always lasts the same. */
export function intervalMonths({ amount, unit }: Interval): number | undefined {
  const each = months[unit.replace(/S$/, '')];
  return each === undefined ? undefined : amount * each;
}

/** How long an interval lasts, where that has to be known. */
export function intervalMs(interval: Interval): number {
  const { amount, unit, span } = interval;
  if (intervalMonths(interval) === undefined) return amount * unitLengthMs(unit);
  throw new SqlError('INTERVAL_INVALID', span, {
    why: `a ${unit.replace(/S$/, '')} does not always last the same`,
    hint: "Write how many days it has, such as INTERVAL '30' DAYS. To a DATE or TIMESTAMP it can be added as it is.",
  });
}
