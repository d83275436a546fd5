import { noSpan } from './source.ts';
import { SqlError } from './sql-error.ts';

/**
 * Refuses stored data whose version is not the known one: a newer or older version, or no version at all. Stored data is never
 * skipped.
 */
export function requireVersion(what: string, found: unknown, known: number): void {
  if (found === known) return;
  if (typeof found !== 'number') throw new SqlError('STATE_DAMAGED', noSpan, { what: `${what} has no version` });
  throw new SqlError(found > known ? 'NEWER_VERSION' : 'OLDER_VERSION', noSpan, { what, found, known });
}

/** Refuses a kind of stored data that this version does not know, so that a newer Millrace must have written it. */
export function requireKnown(what: string, isKnown: boolean): void {
  if (!isKnown) throw new SqlError('NEWER_KIND', noSpan, { what });
}
