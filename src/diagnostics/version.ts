import { noSpan } from './source.ts';
import { SqlError } from './sql-error.ts';

/**
 * Refuses what is stored in a version that is not the one that is read: of a newer Millrace, of an older one whose form is read no
 * more, or of nobody. Stored data is never skipped.
 */
export function requireVersion(what: string, found: unknown, known: number): void {
  if (found === known) return;
  if (typeof found !== 'number') throw new SqlError('STATE_DAMAGED', noSpan, { what: `${what} has no version` });
  throw new SqlError(found > known ? 'NEWER_VERSION' : 'OLDER_VERSION', noSpan, { what, found, known });
}

/** Refuses a kind of stored thing that only a newer Millrace can have written. */
export function requireKnown(what: string, isKnown: boolean): void {
  if (!isKnown) throw new SqlError('NEWER_KIND', noSpan, { what });
}
