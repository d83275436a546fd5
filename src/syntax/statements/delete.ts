import { expressionOf } from '../build-expression.ts';
import type { ExpressionNode, Name } from '../expressions.ts';
import { printExpression, printName } from '../print.ts';
import type { StatementBase, StatementShape } from './shape.ts';

export interface DeleteRow extends StatementBase {
  readonly kind: 'deleteRow';
  readonly table: Name;
  readonly where: ExpressionNode;
}

export interface DeleteEntity extends StatementBase {
  readonly kind: 'deleteEntity';
  readonly view: Name;
  /** The values of the entity, or comparisons of its columns with them. */
  readonly parts: readonly ExpressionNode[];
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

export const deleteEntity: StatementShape<DeleteEntity> = {
  rule: 'deleteEntity',
  build: (cst) => ({
    kind: 'deleteEntity',
    view: cst.name(),
    parts: (cst.maybe('valueRow') ?? cst).all('expression').map(expressionOf),
    span: cst.span,
  }),
  print: (s) =>
    `DELETE ENTITY ${s.parts.length === 1 ? printExpression(s.parts[0]!) : `(${s.parts.map(printExpression).join(', ')})`} FROM FEATURE VIEW ${printName(s.view.text)};`,
};
