import { stringText, typeOf } from '../cst.ts';
import type { Name, TypeNode } from '../expressions.ts';
import { printName, printString, printType } from '../print.ts';
import type { StatementBase, StatementShape } from './shape.ts';

interface AddedColumn extends StatementBase {
  readonly name: Name;
  readonly type: TypeNode;
}
export interface AlterSource extends StatementBase {
  readonly kind: 'alterSource';
  readonly sourceKind: 'STREAM' | 'TABLE';
  readonly name: Name;
  readonly columns: readonly AddedColumn[];
}
export interface AlterSystem extends StatementBase {
  readonly kind: 'alterSystem';
  readonly name: string;
  readonly value: string;
}

export const alterSource: StatementShape<AlterSource> = {
  rule: 'alterSource',
  build: (cst) => ({
    kind: 'alterSource',
    sourceKind: cst.has('STREAM') ? 'STREAM' : 'TABLE',
    name: cst.name(),
    columns: cst.all('addedColumn').map((column) => ({
      name: column.name(),
      type: typeOf(column.one('type')),
      span: column.span,
    })),
    span: cst.span,
  }),
  print: (s) =>
    `ALTER ${s.sourceKind} ${printName(s.name.text)} ${s.columns.map(({ name, type }) => `ADD COLUMN ${printName(name.text)} ${printType(type)}`).join(', ')};`,
};

export const alterSystem: StatementShape<AlterSystem> = {
  rule: 'alterSystem',
  build: (cst) => {
    const [name, value] = cst.tokens('StringLiteral').map(({ image }) => stringText(image)) as [string, string];
    return { kind: 'alterSystem', name, value, span: cst.span };
  },
  print: (s) => `ALTER SYSTEM ${printString(s.name)} = ${printString(s.value)};`,
};
