import { overload, scalar } from '../define.ts';

export const splitToMap = scalar({
  name: 'SPLIT_TO_MAP',
  doc: 'The entries of a text as a map; what has no key-value delimiter is left out, and of equal keys the last one stays.',
  category: 'STRING',
  overloads: [
    overload(
      'input STRING, entryDelimiter STRING, kvDelimiter STRING',
      'MAP<STRING, STRING>',
      (input: string, entryDelimiter: string, kvDelimiter: string) => {
        if (entryDelimiter === '' || kvDelimiter === '' || entryDelimiter === kvDelimiter) return null;
        const entries = input.split(entryDelimiter).filter((entry) => entry.includes(kvDelimiter));
        return new Map(entries.map((entry) => entry.split(kvDelimiter, 2) as [string, string]));
      },
    ),
  ],
});
