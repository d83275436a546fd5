import type { Change } from '../change.ts';

/** The last change of each key of a table, in order of those last changes. */
export function lastOfEach(changes: readonly Change[]): readonly Change[] {
  if (changes.length < 2) return changes;
  const last = new Map<string, Change>();
  for (const change of changes) {
    const text = `${change.window?.start ?? ''}/${change.window?.end ?? ''}/${change.key.map(String).join('\u0000')}`;
    last.delete(text);
    last.set(text, change);
  }
  return [...last.values()];
}
