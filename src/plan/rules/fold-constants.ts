import { foldConstants as fold } from '../../expressions/fold.ts';
import type { Expr } from '../../expressions/node.ts';
import type { Rule } from './rule.ts';

const changed = (before: Expr, after: Expr): boolean => JSON.stringify(before) !== JSON.stringify(after);

/** Evaluates what needs no row: literals, functions of literals, `true AND x`. */
export const foldConstants: Rule = {
  name: 'fold-constants',
  apply: (node) => {
    if (node.kind === 'filter') {
      const predicate = fold(node.predicate);
      return changed(node.predicate, predicate) ? { ...node, predicate } : undefined;
    }
    if (node.kind === 'project') {
      const exprs = node.exprs.map(({ name, expr }) => ({ name, expr: fold(expr) }));
      return exprs.some(({ expr }, i) => changed(node.exprs[i]!.expr, expr)) ? { ...node, exprs } : undefined;
    }
    return undefined;
  },
};
