import { stringText } from '../cst.ts';
import type { Name } from '../expressions.ts';
import { printName, printString } from '../print.ts';
import type { StatementBase, StatementShape } from './shape.ts';

export interface SetProperty extends StatementBase {
  readonly kind: 'setProperty';
  readonly name: string;
  readonly value: string;
}
export interface UnsetProperty extends StatementBase {
  readonly kind: 'unsetProperty';
  readonly name: string;
}
export interface Define extends StatementBase {
  readonly kind: 'define';
  readonly name: Name;
  readonly value: string;
}
export interface Undefine extends StatementBase {
  readonly kind: 'undefine';
  readonly name: Name;
}

export const setProperty: StatementShape<SetProperty> = {
  rule: 'setProperty',
  build: (cst) => {
    const [name, value] = cst.tokens('StringLiteral').map((token) => stringText(token.image));
    return { kind: 'setProperty', name: name!, value: value!, span: cst.span };
  },
  print: (s) => `SET ${printString(s.name)} = ${printString(s.value)};`,
};
export const unsetProperty: StatementShape<UnsetProperty> = {
  rule: 'unsetProperty',
  build: (cst) => ({ kind: 'unsetProperty', name: stringText(cst.token('StringLiteral').image), span: cst.span }),
  print: (s) => `UNSET ${printString(s.name)};`,
};
export const define: StatementShape<Define> = {
  rule: 'define',
  build: (cst) => ({
    kind: 'define',
    name: cst.name(),
    value: stringText(cst.token('StringLiteral').image),
    span: cst.span,
  }),
  print: (s) => `DEFINE ${printName(s.name.text)} = ${printString(s.value)};`,
};
export const undefine: StatementShape<Undefine> = {
  rule: 'undefine',
  build: (cst) => ({ kind: 'undefine', name: cst.name(), span: cst.span }),
  print: (s) => `UNDEFINE ${printName(s.name.text)};`,
};
