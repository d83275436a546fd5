import type { StatementRule } from '../rule.ts';
import { kw } from '../tokens.ts';

/** DESCRIBE of a source, a function, a model, a feature view or service, a monitor, a training set, or of all streams or tables. */
export const describe: StatementRule = {
  name: 'describe',
  starts: ['DESCRIBE'],
  rule: ($, r) => {
    $.consume(0, kw('DESCRIBE'));
    const named = (word: string): boolean =>
      $.LA(1).tokenType === kw(word) && $.LA(2).tokenType.name !== 'EOF' && $.LA(2).tokenType !== kw('EXTENDED');
    $.or(0, [
      {
        GATE: () => named('FUNCTION'),
        ALT: () => {
          $.consume(0, kw('FUNCTION'));
          $.subrule(0, r.name);
        },
      },
      {
        GATE: () => named('MODEL'),
        ALT: () => {
          $.consume(0, kw('MODEL'));
          $.subrule(1, r.name);
          $.option(1, () => {
            $.consume(0, kw('VERSION'));
            $.subrule(0, r.version);
          });
        },
      },
      {
        GATE: () => named('FEATURE'),
        ALT: () => {
          $.consume(0, kw('FEATURE'));
          $.or(1, [{ ALT: () => $.consume(0, kw('VIEW')) }, { ALT: () => $.consume(0, kw('SERVICE')) }]);
          $.subrule(2, r.name);
        },
      },
      {
        GATE: () => named('MONITOR'),
        ALT: () => {
          $.consume(0, kw('MONITOR'));
          $.subrule(4, r.name);
        },
      },
      {
        GATE: () => named('TRAINING'),
        ALT: () => {
          $.consume(0, kw('TRAINING'));
          $.consume(0, kw('SET'));
          $.subrule(5, r.name);
        },
      },
      { ALT: () => $.consume(0, kw('STREAMS')) },
      { ALT: () => $.subrule(3, r.name) },
    ]);
    $.option(0, () => $.consume(0, kw('EXTENDED')));
  },
};
