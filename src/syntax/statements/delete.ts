import { expressionOf } from '../build-expression.ts';
import type { ExpressionNode, Name } from '../expressions.ts';
import { printExpression, printName } from '../print.ts';
import type { StatementBase, StatementShape } from './shape.ts';

export interface DeleteRow extends StatementBase {
  readonly kind: 'deleteRow';
  readonly table: Name;
  readonly where: ExpressionNode;
}

export const deleteRow: StatementShape<DeleteRow> = {
  rule: 'deleteRow',
  build: (cst) => ({
    kind: 'deleteRow',
    table: cst.name(),
    where: expressionOf(cst.one('expression')),
    span: cst.span,
  }),
  print: (s) => `DELETE FROM ${printName(s.table.text)} WHERE ${printExpression(s.where)};`,
};
