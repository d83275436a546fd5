import { queryOf } from '../build-query.ts';
import type { Name } from '../expressions.ts';
import { printName, printQuery } from '../print.ts';
import type { QueryNode } from '../query.ts';
import type { StatementBase, StatementShape } from './shape.ts';

export interface CreateView extends StatementBase {
  readonly kind: 'createView';
  readonly orReplace: boolean;
  readonly ifNotExists: boolean;
  readonly name: Name;
  readonly query: QueryNode;
}
export interface DropView extends StatementBase {
  readonly kind: 'dropView';
  readonly ifExists: boolean;
  readonly name: Name;
  /** Whether the views over it are dropped too. */
  readonly cascade: boolean;
}

export const createView: StatementShape<CreateView> = {
  rule: 'createView',
  build: (cst) => ({
    kind: 'createView',
    orReplace: cst.has('orReplace'),
    ifNotExists: cst.has('ifNotExists'),
    name: cst.name(),
    query: queryOf(cst.one('query')),
    span: cst.span,
  }),
  print: (s) =>
    `CREATE ${s.orReplace ? 'OR REPLACE ' : ''}VIEW ${s.ifNotExists ? 'IF NOT EXISTS ' : ''}${printName(s.name.text)} AS ${printQuery(s.query)};`,
};
export const dropView: StatementShape<DropView> = {
  rule: 'dropView',
  build: (cst) => ({
    kind: 'dropView',
    ifExists: cst.has('ifExists'),
    name: cst.name(),
    cascade: cst.has('CASCADE'),
    span: cst.span,
  }),
  print: (s) => `DROP VIEW ${s.ifExists ? 'IF EXISTS ' : ''}${printName(s.name.text)}${s.cascade ? ' CASCADE' : ''};`,
};
