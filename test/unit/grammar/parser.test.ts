import { createToken, Lexer } from 'chevrotain';
import { expect, test } from 'vitest';
import { SqlParser } from '../../../grammar/parser.ts';
import { vocabulary } from '../../../grammar/tokens.ts';
import { parseScript } from '../../../src/syntax/parse.ts';
import { printStatement } from '../../../src/syntax/statements/index.ts';

test('every token can be told from the others, by the first letter first', () => {
  const looked = new Lexer(vocabulary, { ensureOptimizations: true, positionTracking: 'full' });
  expect(looked.lexerDefinitionErrors).toEqual([]);
  const unreachable = createToken({ name: 'Unreachable', pattern: /SELECT/ });
  expect(() => new Lexer([...vocabulary, unreachable], { ensureOptimizations: true })).toThrow(/Unreachable/);
});

test('no two alternatives of the grammar begin alike, and no rule calls itself at its left', () => {
  expect(() => new SqlParser({ skipValidations: false })).not.toThrow();
});

test('a grammar that is ambiguous is refused when it is looked at', () => {
  class Ambiguous extends SqlParser {
    override performSelfAnalysis(): void {
      const rule = this.statements.values().next().value!;
      this.RULE('twice', () => this.OR([{ ALT: () => this.SUBRULE(rule) }, { ALT: () => this.SUBRULE1(rule) }]));
      super.performSelfAnalysis();
    }
  }
  expect(() => new Ambiguous({ skipValidations: false })).toThrow(/[Aa]mbigu/);
});

test('OVER (w) is printed as OVER w', () => {
  const [statement] = parseScript({
    name: 'a',
    text: 'SELECT SUM(n) OVER (w) FROM s WINDOW w AS (PARTITION BY k ORDER BY t) EMIT CHANGES;',
  });
  expect(printStatement(statement!)).toBe(
    'SELECT SUM(N) OVER W FROM S WINDOW W AS (PARTITION BY K ORDER BY T) EMIT CHANGES;',
  );
});
