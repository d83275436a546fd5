import type { StatementRule } from '../rule.ts';
import { kw } from '../tokens.ts';
import * as t from '../tokens.ts';

/** CREATE MONITOR name ON target WINDOW … SEGMENT BY … BASELINE … WITH (…) (CHECK (…), …). */
export const createMonitor: StatementRule = {
  name: 'createMonitor',
  starts: ['CREATE [OR] [REPLACE] MONITOR'],
  rule: ($, r) => {
    $.consume(0, kw('CREATE'));
    $.option(0, () => $.subrule(0, r.orReplace));
    $.consume(0, kw('MONITOR'));
    $.option(1, { GATE: () => $.LA(2).tokenType === kw('NOT'), DEF: () => $.subrule(0, r.ifNotExists) });
    $.subrule(0, r.name);
    $.consume(0, kw('ON'));
    $.subrule(0, r.monitorTarget);
    $.option(2, () => {
      $.consume(0, kw('WINDOW'));
      $.subrule(0, r.window);
    });
    $.option(3, () => {
      $.consume(0, kw('SEGMENT'));
      $.consume(0, kw('BY'));
      $.subrule(1, r.name);
      $.many(0, () => {
        $.consume(0, t.Comma);
        $.subrule(2, r.name);
      });
    });
    $.option(4, () => {
      $.consume(0, kw('BASELINE'));
      $.subrule(0, r.monitorBaseline);
    });
    $.option(5, () => {
      $.consume(0, kw('COMMENT'));
      $.consume(0, t.StringLiteral);
    });
    $.option(6, () => $.subrule(0, r.properties));
    $.consume(0, t.LeftParen);
    $.subrule(0, r.monitorCheck);
    $.many(1, () => {
      $.consume(1, t.Comma);
      $.subrule(1, r.monitorCheck);
    });
    $.consume(0, t.RightParen);
  },
};

export const dropMonitor: StatementRule = {
  name: 'dropMonitor',
  starts: ['DROP MONITOR'],
  rule: ($, r) => {
    $.consume(0, kw('DROP'));
    $.consume(0, kw('MONITOR'));
    $.option(0, { GATE: () => $.LA(2).tokenType === kw('EXISTS'), DEF: () => $.subrule(0, r.ifExists) });
    $.subrule(0, r.name);
  },
};
