import { expressionOf } from '../build-expression.ts';
import { queryOf } from '../build-query.ts';
import { propertiesOf } from '../cst.ts';
import type { ExpressionNode, Name } from '../expressions.ts';
import { printExpression, printName, printProperties, printQuery } from '../print.ts';
import type { PropertyNode, QueryNode } from '../query.ts';
import type { StatementBase, StatementShape } from './shape.ts';

/** INSERT INTO … SELECT (`query` set) or VALUES. */
export interface Insert extends StatementBase {
  readonly kind: 'insert';
  readonly target: Name;
  readonly properties: readonly PropertyNode[];
  readonly columns: readonly Name[];
  /** The rows of VALUES. */
  readonly rows: readonly (readonly ExpressionNode[])[];
  readonly query: QueryNode | undefined;
}

export const insert: StatementShape<Insert> = {
  rule: 'insert',
  build: (cst) => {
    const [target, ...columns] = cst.all('name').map((name) => name.asName());
    const query = cst.maybe('query');
    return {
      kind: 'insert',
      target: target!,
      properties: propertiesOf(cst.maybe('properties')),
      columns,
      rows: cst.all('valueRow').map((row) => row.all('expression').map(expressionOf)),
      query: query && queryOf(query),
      span: cst.span,
    };
  },
  print: (s) => {
    const head = `INSERT INTO ${printName(s.target.text)}${printProperties(s.properties)}`;
    if (s.query !== undefined) return `${head} ${printQuery(s.query)};`;
    const columns = s.columns.length === 0 ? '' : ` (${s.columns.map((column) => printName(column.text)).join(', ')})`;
    return `${head}${columns} VALUES ${s.rows.map((row) => `(${row.map(printExpression).join(', ')})`).join(', ')};`;
  },
};
