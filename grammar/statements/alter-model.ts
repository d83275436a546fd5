import type { StatementRule } from '../rule.ts';
import { kw } from '../tokens.ts';

/** ALTER MODEL … ADD VERSION | SET DEFAULT VERSION; routes are recognised and not supported yet. */
export const alterModel: StatementRule = {
  name: 'alterModel',
  starts: ['ALTER MODEL'],
  rule: ($, r) => {
    $.consume(0, kw('ALTER'));
    $.consume(0, kw('MODEL'));
    $.option(0, { GATE: () => $.LA(2).tokenType === kw('EXISTS'), DEF: () => $.subrule(0, r.ifExists) });
    $.subrule(0, r.name);
    $.or(0, [
      {
        IGNORE_AMBIGUITIES: true,
        ALT: () => {
          $.consume(0, kw('ADD'));
          $.consume(0, kw('VERSION'));
          $.option(1, () => $.subrule(0, r.version));
          $.option(2, () => $.subrule(0, r.properties));
        },
      },
      {
        GATE: () => $.LA(2).tokenType === kw('DEFAULT'),
        IGNORE_AMBIGUITIES: true,
        ALT: () => {
          $.consume(0, kw('SET'));
          $.consume(0, kw('DEFAULT'));
          $.consume(1, kw('VERSION'));
          $.subrule(1, r.version);
        },
      },
      { GATE: () => $.LA(1).tokenType !== kw('ADD'), ALT: () => $.subrule(0, r.rest), IGNORE_AMBIGUITIES: true },
    ]);
  },
};
