import type { Name } from '../expressions.ts';
import { printName } from '../print.ts';
import type { StatementBase, StatementShape } from './shape.ts';

export interface DropSource extends StatementBase {
  readonly kind: 'dropSource';
  readonly sourceKind: 'STREAM' | 'TABLE';
  readonly ifExists: boolean;
  readonly name: Name;
  readonly deleteTopic: boolean;
  /** CASCADE: also drops what reads from it or was created from it. */
  readonly cascade: boolean;
}

export const dropSource: StatementShape<DropSource> = {
  rule: 'dropSource',
  build: (cst) => ({
    kind: 'dropSource',
    sourceKind: cst.has('STREAM') ? 'STREAM' : 'TABLE',
    ifExists: cst.has('ifExists'),
    name: cst.name(),
    deleteTopic: cst.has('TOPIC'),
    cascade: cst.has('CASCADE'),
    span: cst.span,
  }),
  print: (s) =>
    `DROP ${s.sourceKind} ${s.ifExists ? 'IF EXISTS ' : ''}${printName(s.name.text)}${s.deleteTopic ? ' DELETE TOPIC' : ''}${s.cascade ? ' CASCADE' : ''};`,
};
