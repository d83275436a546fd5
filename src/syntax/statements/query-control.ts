import type { Name } from '../expressions.ts';
import { printName } from '../print.ts';
import type { StatementBase, StatementShape } from './shape.ts';

export interface QueryControl extends StatementBase {
  readonly kind: 'queryControl';
  readonly action: 'TERMINATE' | 'PAUSE' | 'RESUME';
  /** Undefined means ALL. */
  readonly query: Name | undefined;
}

export const queryControl: StatementShape<QueryControl> = {
  rule: 'queryControl',
  build: (cst) => ({
    kind: 'queryControl',
    action: (['TERMINATE', 'PAUSE', 'RESUME'] as const).find((word) => cst.has(word))!,
    query: cst.has('ALL') ? undefined : cst.name(),
    span: cst.span,
  }),
  print: (s) => `${s.action} ${s.query === undefined ? 'ALL' : printName(s.query.text)};`,
};
