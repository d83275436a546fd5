import type { StatementRule } from '../rule.ts';
import { kw } from '../tokens.ts';

/** The statements that make an object as it is: of what has the name, or of the kind that is named. */
export const showCreate: StatementRule = {
  name: 'showCreate',
  starts: ['SHOW CREATE'],
  rule: ($, r) => {
    $.consume(0, kw('SHOW'));
    $.consume(0, kw('CREATE'));
    // A word with no name behind it is a name itself.
    const isKind = (word: string): boolean => $.LA(1).tokenType === kw(word) && $.LA(2).tokenType.name !== 'EOF';
    $.option(0, {
      GATE: () => ['STREAM', 'TABLE', 'VIEW', 'FEATURE', 'MODEL', 'MONITOR', 'TRAINING', 'TYPE'].some(isKind),
      DEF: () =>
        $.or(0, [
          { ALT: () => $.consume(0, kw('STREAM')) },
          { ALT: () => $.consume(0, kw('TABLE')) },
          { ALT: () => $.consume(0, kw('VIEW')) },
          {
            ALT: () => {
              $.consume(0, kw('FEATURE'));
              $.or(1, [{ ALT: () => $.consume(1, kw('VIEW')) }, { ALT: () => $.consume(0, kw('SERVICE')) }]);
            },
          },
          { ALT: () => $.consume(0, kw('MODEL')) },
          { ALT: () => $.consume(0, kw('MONITOR')) },
          {
            ALT: () => {
              $.consume(0, kw('TRAINING'));
              $.consume(0, kw('SET'));
            },
          },
          { ALT: () => $.consume(0, kw('TYPE')) },
        ]),
    });
    $.subrule(0, r.name);
  },
};
