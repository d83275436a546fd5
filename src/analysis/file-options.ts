import type { PropertiesOf } from '../bind/properties.ts';
import { duration, option, whole } from '../config/option.ts';
import type { FilesSpec } from '../specs/files.ts';

const same = <T>(value: T): T => value;

/** How large files are, for all that writes some. */
export const fileSizeOptions = [
  option({
    name: 'ROWS_PER_FILE',
    type: whole(1),
    default: '10000',
    doc: 'How many rows a file of the history has at most',
    read: same,
  }),
  option({
    name: 'ROLL_INTERVAL',
    type: duration('5 MINUTES'),
    default: '5 MINUTES',
    doc: 'How old the first row of a file becomes before the file is written with fewer rows',
    read: same,
  }),
] as const;

export const fileSizes = (
  properties: PropertiesOf<(typeof fileSizeOptions)[number]>,
): Pick<FilesSpec, 'rowsPerFile' | 'rollMs'> => ({
  rowsPerFile: properties.read('ROWS_PER_FILE'),
  rollMs: properties.read('ROLL_INTERVAL'),
});
