import { fileSizeOptions } from '../analysis/file-options.ts';
import { bool, folder, oneOf, option, optionTable } from '../config/option.ts';

const same = <T>(value: T): T => value;

/** Options in the WITH clause of BACKFILL FEATURE VIEW. */
export const backfillOptions = optionTable(
  option({
    name: 'PATH',
    type: folder,
    default: undefined,
    doc: 'The folder of its files and of `_manifest.json`',
    read: same,
  }),
  fileSizeOptions[0],
  option({
    name: 'READ_FROM',
    type: oneOf('log', 'files'),
    default: 'log',
    doc: "Where a stream with SINK='parquet' is read: its topic, and its files for what the topic has no more; or its files, and the topic behind them",
    read: same,
  }),
  option({
    name: 'MODE',
    type: oneOf('RESUME', 'OVERWRITE'),
    default: 'RESUME',
    doc: 'What becomes of a backfill that is in the folder already: the same one is gone on with and any other refused, or it is replaced',
    read: same,
  }),
  option({
    name: 'MATERIALIZE',
    type: bool,
    default: 'false',
    doc: 'Whether the newest row of each entity goes into the ONLINE_STORE of the view too; what that has newer stays',
    read: same,
  }),
);
