import type { Name } from '../expressions.ts';
import { printName } from '../print.ts';
import type { StatementBase, StatementShape } from './shape.ts';

/** EXPLAIN of a running query (`query`) or of the statement that follows (`statement`, set by the script parser). */
export interface Explain extends StatementBase {
  readonly kind: 'explain';
  readonly query: Name | undefined;
  readonly statement: string | undefined;
}

export const explain: StatementShape<Explain> = {
  rule: 'explain',
  build: (cst) => ({ kind: 'explain', query: cst.name(), statement: undefined, span: cst.span }),
  print: (s) => (s.query === undefined ? `EXPLAIN ${s.statement ?? ''};` : `EXPLAIN ${printName(s.query.text)};`),
};
