import type { StatementRule } from '../rule.ts';
import { kw, StringLiteral } from '../tokens.ts';

/** SHOW or LIST of a kind of object, of all or of those whose names are like a text. */
export const show: StatementRule = {
  name: 'show',
  starts: ['SHOW', 'LIST'],
  rule: ($) => {
    $.or(0, [{ ALT: () => $.consume(0, kw('SHOW')) }, { ALT: () => $.consume(0, kw('LIST')) }]);
    $.option(0, () => $.consume(0, kw('ALL')));
    const kinds = [
      'STREAMS',
      'TABLES',
      'TOPICS',
      'QUERIES',
      'FUNCTIONS',
      'PROPERTIES',
      'TYPES',
      'VARIABLES',
      'MODELS',
      'VIEWS',
      'MONITORS',
      'VERIFICATIONS',
      'BACKFILLS',
    ];
    $.or(1, [
      ...kinds.map((word) => ({ ALT: () => $.consume(0, kw(word)) })),
      {
        ALT: () => {
          $.consume(0, kw('FEATURE'));
          $.or(2, [{ ALT: () => $.consume(1, kw('VIEWS')) }, { ALT: () => $.consume(0, kw('SERVICES')) }]);
        },
      },
      {
        ALT: () => {
          $.consume(0, kw('TRAINING'));
          $.consume(0, kw('SETS'));
        },
      },
    ]);
    $.option(1, () => $.consume(0, kw('EXTENDED')));
    $.option(2, () => {
      $.consume(0, kw('LIKE'));
      $.consume(0, StringLiteral);
    });
  },
};
