import { typeOf } from '../cst.ts';
import type { Name, TypeNode } from '../expressions.ts';
import { printName, printType } from '../print.ts';
import type { StatementBase, StatementShape } from './shape.ts';

export interface CreateType extends StatementBase {
  readonly kind: 'createType';
  readonly ifNotExists: boolean;
  readonly name: Name;
  readonly type: TypeNode;
}
export interface DropType extends StatementBase {
  readonly kind: 'dropType';
  readonly ifExists: boolean;
  readonly name: Name;
}

export const createType: StatementShape<CreateType> = {
  rule: 'createType',
  build: (cst) => ({
    kind: 'createType',
    ifNotExists: cst.has('ifNotExists'),
    name: cst.name(),
    type: typeOf(cst.one('type')),
    span: cst.span,
  }),
  print: (s) =>
    `CREATE TYPE ${s.ifNotExists ? 'IF NOT EXISTS ' : ''}${printName(s.name.text)} AS ${printType(s.type)};`,
};
export const dropType: StatementShape<DropType> = {
  rule: 'dropType',
  build: (cst) => ({ kind: 'dropType', ifExists: cst.has('ifExists'), name: cst.name(), span: cst.span }),
  print: (s) => `DROP TYPE ${s.ifExists ? 'IF EXISTS ' : ''}${printName(s.name.text)};`,
};
