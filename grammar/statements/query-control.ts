import type { StatementRule } from '../rule.ts';
import { IntegerLiteral, kw } from '../tokens.ts';

/** TERMINATE, PAUSE and RESUME, of one query or ALL; PAUSE and RESUME of a monitor's query too. One that stands in ERROR may be resumed behind the records that it fails at. */
export const queryControl: StatementRule = {
  name: 'queryControl',
  starts: ['TERMINATE', 'PAUSE', 'RESUME'],
  rule: ($, r) => {
    $.or(
      0,
      ['TERMINATE', 'PAUSE', 'RESUME'].map((word) => ({ ALT: () => $.consume(0, kw(word)) })),
    );
    $.or(1, [
      { ALT: () => $.consume(0, kw('ALL')) },
      {
        GATE: () =>
          $.LA(0).tokenType !== kw('TERMINATE') &&
          $.LA(1).tokenType === kw('MONITOR') &&
          $.LA(2).tokenType.name !== 'EOF',
        IGNORE_AMBIGUITIES: true,
        ALT: () => {
          $.consume(0, kw('MONITOR'));
          $.subrule(0, r.name);
        },
      },
      { ALT: () => $.subrule(1, r.name) },
    ]);
    $.option(0, () => {
      $.consume(0, kw('SKIP'));
      $.consume(0, IntegerLiteral);
    });
  },
};
