import type { Format } from './define.ts';

/** No payload: the key format of a source without key columns. */
export const none: Format = {
  name: 'NONE',
  supportsKey: true,
  supportsValue: false,
  singles: 'none',
  usesDelimiter: false,
  combines: true,
  writesNames: false,
  refuses: (columns) => (columns.length > 0 ? { why: 'it holds no columns' } : undefined),
  decoder: () => () => true,
  encoder: () => () => false,
};
