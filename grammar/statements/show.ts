import type { StatementRule } from '../rule.ts';
import { kw } from '../tokens.ts';

/** SHOW or LIST of a kind of object. */
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
      'MONITORS',
    ];
    $.or(1, [
      ...kinds.map((word) => ({ ALT: () => $.consume(0, kw(word)) })),
      {
        ALT: () => {
          $.consume(0, kw('FEATURE'));
          $.consume(0, kw('VIEWS'));
        },
      },
    ]);
    $.option(1, () => $.consume(0, kw('EXTENDED')));
  },
};
