import { duration, option, optionTable, text, whole } from '../../config/option.ts';

const same = <T>(value: T): T => value;
const upper = (value: string | undefined): string | undefined => value?.toUpperCase();

/** Options in the WITH clause of CREATE MONITOR, beside those of its topic. */
export const monitorOptions = optionTable(
  option({
    name: 'BINS',
    type: whole(2, 1000),
    default: '10',
    doc: 'Into how many bins of equal shares the baseline is divided for DRIFT',
    read: same,
  }),
  option({
    name: 'MIN_ROWS',
    type: whole(1),
    default: '500',
    doc: 'With fewer rows in a window or in the baseline DRIFT is NULL: below a few hundred it is mostly chance',
    read: same,
  }),
  option({
    name: 'TICK',
    type: duration('10 SECONDS'),
    default: '10 SECONDS',
    doc: 'How often the clock is looked at while nothing comes',
    read: (ms) => Math.max(10, ms),
  }),
  option({
    name: 'LABEL_STREAM',
    type: text,
    default: undefined,
    doc: 'The stream of the labels, for metrics that compare scores with what came true',
    names: 'source',
    read: upper,
  }),
  option({
    name: 'LABEL_KEY',
    type: text,
    default: undefined,
    doc: 'The column that a row and its label have in common',
    read: upper,
  }),
  option({ name: 'LABEL', type: text, default: undefined, doc: 'The column of the label', read: upper }),
  option({ name: 'SCORE', type: text, default: undefined, doc: "The target's column of the score", read: upper }),
  option({
    name: 'LABEL_WITHIN',
    type: duration('7 DAYS'),
    default: '7 DAYS',
    doc: 'How far in time a label may be from its row',
    read: same,
  }),
);
