import type { Name } from '../expressions.ts';
import { printName } from '../print.ts';
import type { StatementBase, StatementShape } from './shape.ts';

export interface Summarize extends StatementBase {
  readonly kind: 'summarize';
  readonly name: Name;
}

export const summarize: StatementShape<Summarize> = {
  rule: 'summarize',
  build: (cst) => ({ kind: 'summarize', name: cst.name(), span: cst.span }),
  print: (s) => `SUMMARIZE ${printName(s.name.text)};`,
};
