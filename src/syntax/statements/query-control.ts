import type { Name } from '../expressions.ts';
import { printName } from '../print.ts';
import type { StatementBase, StatementShape } from './shape.ts';

export interface QueryControl extends StatementBase {
  readonly kind: 'queryControl';
  readonly action: 'TERMINATE' | 'PAUSE' | 'RESUME';
  /** Undefined means ALL. */
  readonly query: Name | undefined;
  /** Whether `query` names a monitor, whose query is meant. */
  readonly isMonitor: boolean;
  /** RESUME passes over so many records where the query stands. */
  readonly skip: number | undefined;
}

export const queryControl: StatementShape<QueryControl> = {
  rule: 'queryControl',
  build: (cst) => ({
    kind: 'queryControl',
    action: (['TERMINATE', 'PAUSE', 'RESUME'] as const).find((word) => cst.has(word))!,
    query: cst.has('ALL') ? undefined : cst.name(),
    isMonitor: cst.has('MONITOR'),
    skip: cst.has('SKIP') ? Number(cst.token('IntegerLiteral').image) : undefined,
    span: cst.span,
  }),
  print: (s) =>
    `${s.action} ${s.isMonitor ? 'MONITOR ' : ''}${s.query === undefined ? 'ALL' : printName(s.query.text)}${s.skip === undefined ? '' : ` SKIP ${s.skip}`};`,
};
