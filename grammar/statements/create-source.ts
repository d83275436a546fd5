import type { StatementRule } from '../rule.ts';
import { kw } from '../tokens.ts';

/** CREATE STREAM or TABLE, over a topic or AS SELECT. */
export const createSource: StatementRule = {
  name: 'createSource',
  starts: ['CREATE [OR] [REPLACE] [SOURCE] STREAM', 'CREATE [OR] [REPLACE] [SOURCE] TABLE'],
  rule: ($, r) => {
    $.consume(0, kw('CREATE'));
    $.option(0, () => $.subrule(0, r.orReplace));
    $.option(1, () => $.consume(0, kw('SOURCE')));
    $.or(0, [{ ALT: () => $.consume(0, kw('STREAM')) }, { ALT: () => $.consume(0, kw('TABLE')) }]);
    $.option(2, { GATE: () => $.LA(2).tokenType === kw('NOT'), DEF: () => $.subrule(0, r.ifNotExists) });
    $.subrule(0, r.name);
    $.option(3, () => $.subrule(0, r.elements));
    $.option(4, () => $.subrule(0, r.properties));
    $.option(5, () => {
      $.consume(0, kw('AS'));
      $.subrule(0, r.query);
    });
  },
};
