import { BIGINT, DOUBLE } from '../../types/sql-type.ts';
import type { OverFunction } from './define.ts';

const value = { kind: 'value' } as const;
/** What functions that give the value of one row have in common. */
const ofValue = { required: 1, type: undefined, passesNulls: true, seesFrame: true, fitsTiles: true } as const;

/** What functions that tell a row's place have in common. */
const ofPlace = {
  takes: 'no argument',
  params: [],
  required: 0,
  type: BIGINT,
  passesNulls: false,
  seesFrame: false,
  fitsTiles: false,
} as const;

const overFunctions: readonly OverFunction[] = [
  {
    ...ofValue,
    name: 'LAG',
    takes: 'a value, a whole number of rows from 0 on, and a constant for rows that have none so far before them',
    params: [value, { kind: 'rows', least: 0 }, { kind: 'default' }],
    fitsTiles: false,
    picks: (rows) => ({ lag: rows ?? 1 }),
  },
  { ...ofValue, name: 'FIRST_VALUE', takes: 'one value', params: [value], picks: () => 'first' },
  { ...ofValue, name: 'LAST_VALUE', takes: 'one value', params: [value], picks: () => 'last' },
  {
    ...ofValue,
    name: 'NTH_VALUE',
    takes: 'a value and a whole number of rows from 1 on',
    params: [value, { kind: 'rows', least: 1 }],
    required: 2,
    fitsTiles: false,
    picks: (rows) => ({ nth: rows ?? 1 }),
  },
  { ...ofPlace, name: 'ROW_NUMBER', picks: () => 'place' },
  { ...ofPlace, name: 'RANK', picks: () => 'rank' },
  { ...ofPlace, name: 'DENSE_RANK', picks: () => 'denseRank' },
  { ...ofPlace, name: 'PERCENT_RANK', type: DOUBLE, picks: () => 'percentRank' },
  { ...ofPlace, name: 'CUME_DIST', type: DOUBLE, picks: () => 'cumeDist' },
  {
    ...ofPlace,
    name: 'NTILE',
    takes: 'a whole number of parts from 1 on',
    params: [{ kind: 'rows', least: 1 }],
    required: 1,
    picks: (parts) => ({ ntile: parts ?? 1 }),
  },
];
const byName = new Map(overFunctions.map((entry) => [entry.name, entry]));

/** The function with a name (upper case) that exists only with OVER; undefined for all others, aggregates included. */
export const findOverFunction = (name: string): OverFunction | undefined => byName.get(name);

/** Why a stream cannot have a window function of SQL, and what to write instead. */
export interface ImpossibleFunction {
  readonly why: string;
  readonly hint: string;
}
const impossible = new Map<string, ImpossibleFunction>([
  [
    'LEAD',
    {
      why: 'LEAD needs the next row, which a stream does not know yet',
      hint: 'Answer when it comes: LAG(x) is then the value of this row, and x that of the next one.',
    },
  ],
]);
export const findImpossible = (name: string): ImpossibleFunction | undefined => impossible.get(name);
