import { queryOf } from '../build-query.ts';
import { printQuery } from '../print.ts';
import type { QueryNode } from '../query.ts';
import type { StatementBase, StatementShape } from './shape.ts';

export interface Select extends StatementBase {
  readonly kind: 'select';
  readonly query: QueryNode;
}

export const select: StatementShape<Select> = {
  rule: 'select',
  build: (cst) => ({ kind: 'select', query: queryOf(cst.one('query')), span: cst.span }),
  print: (s) => `${printQuery(s.query)};`,
};
