import { foldConstants as fold } from '../../expressions/fold.ts';
import { sameExpr } from '../../expressions/same.ts';
import type { Rule } from './rule.ts';

/** Evaluates constant expressions: literals, functions of literals, `true AND x`. */
export const foldConstants: Rule = {
  name: 'fold-constants',
  apply: (node) => {
    if (node.kind === 'filter') {
      const predicate = fold(node.predicate);
      return sameExpr(node.predicate, predicate) ? undefined : { ...node, predicate };
    }
    if (node.kind === 'project') {
      const exprs = node.exprs.map((output) => ({ ...output, expr: fold(output.expr) }));
      return exprs.every(({ expr }, i) => sameExpr(node.exprs[i]!.expr, expr)) ? undefined : { ...node, exprs };
    }
    return undefined;
  },
};
