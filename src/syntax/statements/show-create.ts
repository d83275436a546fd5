import type { Name } from '../expressions.ts';
import { printName } from '../print.ts';
import type { StatementBase, StatementShape } from './shape.ts';

export interface ShowCreate extends StatementBase {
  readonly kind: 'showCreate';
  readonly name: Name;
}

export const showCreate: StatementShape<ShowCreate> = {
  rule: 'showCreate',
  build: (cst) => ({ kind: 'showCreate', name: cst.name(), span: cst.span }),
  print: (s) => `SHOW CREATE MODEL ${printName(s.name.text)};`,
};
