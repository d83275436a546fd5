import { SqlError } from '../../diagnostics/sql-error.ts';
import type { ClauseCheck } from './clause-check.ts';

/** A name of WINDOW stands for one window. */
export const namedWindows: ClauseCheck = (query) => {
  const known = new Set<string>();
  for (const { name } of query.namedWindows) {
    if (known.has(name.text))
      throw new SqlError('OVER_INVALID', name.span, {
        why: `window "${name.text}" is defined twice`,
        hint: 'Give one of them another name.',
      });
    known.add(name.text);
  }
};
