import { dateOf, daysOf, monthLength } from '../../types/dates/calendar.ts';
import { dateOfDays, millisPerDay, startOfDay, timeOfDay, timestampOf } from '../../types/times.ts';
import { overload, scalar } from '../define.ts';

/** The same day of another month, or its last where it has no such day. */
function moved(days: number, months: number): number {
  const { year, month, day } = dateOf(days);
  const total = year * 12 + month - 1 + months;
  const [toYear, toMonth] = [Math.floor(total / 12), (((total % 12) + 12) % 12) + 1];
  return daysOf(toYear, toMonth, Math.min(day, monthLength(toYear, toMonth)));
}

export const addMonths = scalar({
  name: 'ADD_MONTHS',
  doc: "Adds months by the calendar, as PostgreSQL does: the same day of that month, or its last where it has no such day. time + INTERVAL '1' MONTH is the same, and so are years as twelve months.",
  category: 'DATE / TIME',
  overloads: [
    overload('timestamp TIMESTAMP, months INTEGER', 'TIMESTAMP', (ms: number, months: number) =>
      timestampOf(moved(startOfDay(ms), months) * millisPerDay + timeOfDay(ms)),
    ),
    overload('date DATE, months INTEGER', 'DATE', (days: number, months: number) => dateOfDays(moved(days, months))),
  ],
});
