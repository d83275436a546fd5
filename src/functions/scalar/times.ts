import { dateOfDays, millisPerDay, startOfDay, timeOfDay, timestampOf } from '../../types/times.ts';
import {
  overload as plainOverload,
  scalar,
  type Evaluate,
  type ScalarFunction,
  type ScalarOverload,
} from '../define.ts';
import {
  formatDate,
  formatTime,
  formatTimestamp,
  parseDateText,
  parseTimestampText,
  parseTimeText,
  parseWholeDate,
  patternFault,
  zoneOffset,
} from '../../types/dates/index.ts';

/** A pattern that is a literal is checked with the statement. */
const literalChecks = { pattern: patternFault };
const overload = (params: string, returns: string, evaluate: Evaluate): ScalarOverload =>
  plainOverload(params, returns, evaluate, { literalChecks });

const unitLengths: Record<string, number> = {
  MILLISECOND: 1,
  SECOND: 1000,
  MINUTE: 60_000,
  HOUR: 3_600_000,
  DAY: millisPerDay,
};
const unitMs = (unit: string): number => unitLengths[unit.replace(/S$/, '')]!;
const time = (
  name: string,
  doc: string,
  params: string,
  returns: string,
  evaluate: (...args: never[]) => unknown,
): ScalarFunction =>
  scalar({ name, doc, category: 'DATE / TIME', overloads: [overload(params, returns, evaluate as never)] });
const shift = (
  name: string,
  type: string,
  sign: 1 | -1,
  apply: (value: number, ms: number) => number,
): ScalarFunction =>
  time(
    name,
    `${sign > 0 ? 'Adds' : 'Subtracts'} a duration ${sign > 0 ? 'to' : 'from'} a ${type}.`,
    `unit UNIT, amount INTEGER, value ${type}`,
    type,
    (unit: string, amount: number, value: number) => apply(value, sign * amount * unitMs(unit)),
  );
const dateShift = (value: number, ms: number): number => dateOfDays(startOfDay(value * millisPerDay + ms));
const timestampShift = (value: number, ms: number): number => timestampOf(value + ms);
const timeShift = (value: number, ms: number): number => timeOfDay(value + ms);

/** Functions on dates, times and timestamps. Patterns are java.time's; times are UTC unless a zone is given. */
export const timeFunctions: readonly ScalarFunction[] = [
  shift('DATEADD', 'DATE', 1, dateShift),
  shift('DATESUB', 'DATE', -1, dateShift),
  shift('TIMEADD', 'TIME', 1, timeShift),
  shift('TIMESUB', 'TIME', -1, timeShift),
  shift('TIMESTAMPADD', 'TIMESTAMP', 1, timestampShift),
  shift('TIMESTAMPSUB', 'TIMESTAMP', -1, timestampShift),
  time('FORMAT_DATE', 'A date as text.', 'date DATE, pattern STRING', 'STRING', formatDate),
  time('FORMAT_TIME', 'A time as text.', 'time TIME, pattern STRING', 'STRING', formatTime),
  scalar({
    name: 'FORMAT_TIMESTAMP',
    doc: 'A timestamp as text, in a time zone.',
    category: 'DATE / TIME',
    overloads: [
      overload('timestamp TIMESTAMP, pattern STRING', 'STRING', formatTimestamp),
      overload('timestamp TIMESTAMP, pattern STRING, zone STRING', 'STRING', formatTimestamp),
    ],
  }),
  time('PARSE_DATE', 'A date from text.', 'text STRING, pattern STRING', 'DATE', parseDateText),
  time('PARSE_TIME', 'A time from text.', 'text STRING, pattern STRING', 'TIME', parseTimeText),
  scalar({
    name: 'PARSE_TIMESTAMP',
    doc: 'A timestamp from text, in a time zone.',
    category: 'DATE / TIME',
    overloads: [
      overload('text STRING, pattern STRING', 'TIMESTAMP', parseTimestampText),
      overload('text STRING, pattern STRING, zone STRING', 'TIMESTAMP', parseTimestampText),
    ],
  }),
  time(
    'CONVERT_TZ',
    'Moves a timestamp from one time zone to another.',
    'timestamp TIMESTAMP, from STRING, to STRING',
    'TIMESTAMP',
    (ms: number, from: string, to: string) => timestampOf(ms + zoneOffset(ms, to) - zoneOffset(ms, from)),
  ),
  time('FROM_DAYS', 'The date of a number of days since 1970.', 'days INTEGER', 'DATE', (days: number) => days),
  time('FROM_UNIXTIME', 'The timestamp of milliseconds since 1970.', 'ms BIGINT', 'TIMESTAMP', (ms: number) =>
    timestampOf(Number(ms)),
  ),
  scalar({
    name: 'UNIX_DATE',
    doc: 'Days since 1970, of a date or of today.',
    category: 'DATE / TIME',
    volatile: true,
    overloads: [
      overload('', 'INTEGER', () => startOfDay(Date.now())),
      overload('date DATE', 'INTEGER', (days: number) => days),
    ],
  }),
  scalar({
    name: 'UNIX_TIMESTAMP',
    doc: 'Milliseconds since 1970, of a timestamp or of now.',
    category: 'DATE / TIME',
    volatile: true,
    overloads: [
      overload('', 'BIGINT', () => Date.now()),
      overload('timestamp TIMESTAMP', 'BIGINT', (ms: number) => ms),
    ],
  }),
  time(
    'DATETOSTRING',
    'Days since 1970 as text (deprecated: use FORMAT_DATE).',
    'days INTEGER, pattern STRING',
    'STRING',
    formatDate,
  ),
  time(
    'STRINGTODATE',
    'Days since 1970 from text (deprecated: use PARSE_DATE).',
    'text STRING, pattern STRING',
    'INTEGER',
    parseWholeDate,
  ),
  scalar({
    name: 'TIMESTAMPTOSTRING',
    doc: 'Milliseconds since 1970 as text (deprecated: use FORMAT_TIMESTAMP).',
    category: 'DATE / TIME',
    overloads: [
      overload('ms BIGINT, pattern STRING', 'STRING', (ms: number, pattern: string) =>
        formatTimestamp(Number(ms), pattern),
      ),
      overload('ms BIGINT, pattern STRING, zone STRING', 'STRING', (ms: number, pattern: string, name: string) =>
        formatTimestamp(Number(ms), pattern, name),
      ),
    ],
  }),
  scalar({
    name: 'STRINGTOTIMESTAMP',
    doc: 'Milliseconds since 1970 from text (deprecated: use PARSE_TIMESTAMP).',
    category: 'DATE / TIME',
    overloads: [
      overload('text STRING, pattern STRING', 'BIGINT', parseTimestampText),
      overload('text STRING, pattern STRING, zone STRING', 'BIGINT', parseTimestampText),
    ],
  }),
];
