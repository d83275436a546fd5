import { queryOf } from '../build-query.ts';
import { propertiesOf, stringText } from '../cst.ts';
import type { Name } from '../expressions.ts';
import { printName, printProperties, printQuery, printString } from '../print.ts';
import type { PropertyNode, QueryNode } from '../query.ts';
import type { StatementBase, StatementShape } from './shape.ts';

export interface CreateTrainingSet extends StatementBase {
  readonly kind: 'createTrainingSet';
  readonly orReplace: boolean;
  readonly ifNotExists: boolean;
  readonly name: Name;
  readonly comment: string | undefined;
  readonly properties: readonly PropertyNode[];
  readonly query: QueryNode;
}
export interface DropTrainingSet extends StatementBase {
  readonly kind: 'dropTrainingSet';
  readonly ifExists: boolean;
  readonly name: Name;
}

export const createTrainingSet: StatementShape<CreateTrainingSet> = {
  rule: 'createTrainingSet',
  build: (cst) => {
    const comment = cst.tokens('StringLiteral')[0];
    return {
      kind: 'createTrainingSet',
      orReplace: cst.has('orReplace'),
      ifNotExists: cst.has('ifNotExists'),
      name: cst.name(),
      comment: comment && stringText(comment.image),
      properties: propertiesOf(cst.maybe('properties')),
      query: queryOf(cst.one('query')),
      span: cst.span,
    };
  },
  print: (s) =>
    `CREATE ${s.orReplace ? 'OR REPLACE ' : ''}TRAINING SET ${s.ifNotExists ? 'IF NOT EXISTS ' : ''}${printName(s.name.text)}` +
    `${s.comment === undefined ? '' : ` COMMENT ${printString(s.comment)}`}${printProperties(s.properties)} AS ${printQuery(s.query)};`,
};
export const dropTrainingSet: StatementShape<DropTrainingSet> = {
  rule: 'dropTrainingSet',
  build: (cst) => ({ kind: 'dropTrainingSet', ifExists: cst.has('ifExists'), name: cst.name(), span: cst.span }),
  print: (s) => `DROP TRAINING SET ${s.ifExists ? 'IF EXISTS ' : ''}${printName(s.name.text)};`,
};
