import { fileSizeOptions } from '../analysis/file-options.ts';
import { bool, folder, oneOf, option, optionTable, text } from '../config/option.ts';
import { parseTimestamp } from '../types/times.ts';

const same = <T>(value: T): T => value;
const isTime = (value: string): string | undefined => {
  try {
    parseTimestamp(value);
    return undefined;
  } catch {
    return "it must be a time, such as '2026-01-31T00:00:00Z'";
  }
};
const time = <N extends string>(name: N, doc: string) =>
  option({
    name,
    type: text,
    default: undefined,
    doc,
    validate: isTime,
    read: (value) => (value === undefined ? undefined : parseTimestamp(value)),
  });

/** Options in the WITH clause of CREATE TRAINING SET. */
export const trainingSetOptions = optionTable(
  option({
    name: 'PATH',
    type: folder,
    default: undefined,
    doc: 'The folder of its files and of `_manifest.json`',
    read: same,
  }),
  option({ name: 'FORMAT', type: oneOf('PARQUET'), default: 'PARQUET', doc: 'The format of its files', read: same }),
  fileSizeOptions[0],
  option({
    name: 'MODE',
    type: oneOf('ERROR', 'OVERWRITE'),
    default: 'ERROR',
    doc: 'What becomes of files that are in the folder already: the statement is refused, or they are replaced',
    read: same,
  }),
  time('FROM_TIME', 'Rows of the spine before this time are left out; it is the time of the first AS OF'),
  time('TO_TIME', 'Rows of the spine from this time on are left out'),
  option({
    name: 'LABEL',
    type: text,
    default: undefined,
    doc: 'The column that is to be predicted, for the manifest',
    read: (value) => value?.toUpperCase(),
  }),
  option({
    name: 'AS_KNOWN',
    type: bool,
    default: 'false',
    doc: "Whether a view's row counts only from when it was written; without it corrections that came later count too",
    read: same,
  }),
);
