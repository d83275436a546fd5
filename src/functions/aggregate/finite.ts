import type { Value } from '../../types/sql-type.ts';

/** A finite number, which is what detectors learn from; null for any other value. */
export const finiteOf = (value: Value): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null;
