import type { StatementRule } from '../rule.ts';
import { kw } from '../tokens.ts';
import * as t from '../tokens.ts';

/** ASSERT of a topic or schema. (Assertions about values and sources are only for `millrace test`.) */
export const assertTopic: StatementRule = {
  name: 'assertTopic',
  starts: ['ASSERT TOPIC', 'ASSERT NOT EXISTS TOPIC'],
  rule: ($, r) => {
    $.consume(0, kw('ASSERT'));
    $.option(0, () => $.subrule(0, r.notExists));
    $.consume(0, kw('TOPIC'));
    $.subrule(0, r.resource);
    $.option(1, () => $.subrule(0, r.properties));
    $.option(2, () => $.subrule(0, r.timeout));
  },
};
export const assertSchema: StatementRule = {
  name: 'assertSchema',
  starts: ['ASSERT SCHEMA', 'ASSERT NOT EXISTS SCHEMA'],
  rule: ($, r) => {
    $.consume(0, kw('ASSERT'));
    $.option(0, () => $.subrule(0, r.notExists));
    $.consume(0, kw('SCHEMA'));
    $.option(1, () => {
      $.consume(0, kw('SUBJECT'));
      $.subrule(0, r.resource);
    });
    $.option(2, () => {
      $.consume(0, kw('ID'));
      $.subrule(0, r.literal);
    });
    $.option(3, () => $.subrule(0, r.timeout));
  },
};
export const assertValues: StatementRule = {
  name: 'assertValues',
  starts: ['ASSERT VALUES', 'ASSERT NULL VALUES'],
  rule: ($, r) => {
    $.consume(0, kw('ASSERT'));
    $.option(0, () => $.consume(0, kw('NULL')));
    $.consume(0, kw('VALUES'));
    $.subrule(0, r.name);
    $.option(1, () => {
      $.consume(0, t.LeftParen);
      $.subrule(1, r.name);
      $.many(0, () => {
        $.consume(0, t.Comma);
        $.subrule(2, r.name);
      });
      $.consume(0, t.RightParen);
    });
    $.or(0, [{ ALT: () => $.consume(1, kw('VALUES')) }, { ALT: () => $.consume(0, kw('KEY')) }]);
    $.consume(1, t.LeftParen);
    $.subrule(0, r.expression);
    $.many(1, () => {
      $.consume(1, t.Comma);
      $.subrule(1, r.expression);
    });
    $.consume(1, t.RightParen);
  },
};
export const assertSource: StatementRule = {
  name: 'assertSource',
  starts: ['ASSERT STREAM', 'ASSERT TABLE'],
  rule: ($, r) => {
    $.consume(0, kw('ASSERT'));
    $.or(0, [{ ALT: () => $.consume(0, kw('STREAM')) }, { ALT: () => $.consume(0, kw('TABLE')) }]);
    $.subrule(0, r.name);
    $.option(0, () => $.subrule(0, r.elements));
    $.option(1, () => $.subrule(0, r.properties));
  },
};
