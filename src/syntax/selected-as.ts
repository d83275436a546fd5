import type { ExpressionNode } from './expressions.ts';
import type { QueryNode } from './query.ts';

/** What SELECT lists under an alias; undefined where it lists nothing so. */
export function selectedAs({ select }: QueryNode, alias: string): ExpressionNode | undefined {
  const named = select.find((item) => item.kind === 'expression' && item.alias?.text === alias);
  return named?.kind === 'expression' ? named.expression : undefined;
}
