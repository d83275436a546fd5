import type { StatementRule } from '../rule.ts';
import { kw } from '../tokens.ts';

/** TERMINATE, PAUSE and RESUME, of one query or ALL. */
export const queryControl: StatementRule = {
  name: 'queryControl',
  starts: ['TERMINATE', 'PAUSE', 'RESUME'],
  rule: ($, r) => {
    $.or(
      0,
      ['TERMINATE', 'PAUSE', 'RESUME'].map((word) => ({ ALT: () => $.consume(0, kw(word)) })),
    );
    $.or(1, [{ ALT: () => $.consume(0, kw('ALL')) }, { ALT: () => $.subrule(0, r.name) }]);
  },
};
