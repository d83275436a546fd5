import type { OverFunction } from './define.ts';

const overFunctions: readonly OverFunction[] = [
  {
    name: 'LAG',
    takes: 'a value and a whole number of rows',
    takesRows: true,
    picks: (rows) => ({ lag: rows ?? 1 }),
  },
  { name: 'FIRST_VALUE', takes: 'one value', takesRows: false, picks: () => 'first' },
  { name: 'LAST_VALUE', takes: 'one value', takesRows: false, picks: () => 'last' },
];
const byName = new Map(overFunctions.map((entry) => [entry.name, entry]));

/** The function of a name, in upper case, that exists only with OVER; undefined for aggregates, which stand there too. */
export const findOverFunction = (name: string): OverFunction | undefined => byName.get(name);
