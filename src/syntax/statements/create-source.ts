import { SqlError } from '../../diagnostics/sql-error.ts';
import { queryOf } from '../build-query.ts';
import { propertiesOf, stringText, typeOf, type Cst } from '../cst.ts';
import type { Name, TypeNode } from '../expressions.ts';
import { printName, printProperties, printQuery, printString, printType } from '../print.ts';
import type { PropertyNode, QueryNode } from '../query.ts';
import type { StatementBase, StatementShape } from './shape.ts';

export interface ColumnElement extends StatementBase {
  readonly name: Name;
  readonly type: TypeNode;
  readonly role: 'key' | 'primaryKey' | 'value' | 'header';
  /** Set for HEADER('k'); a `header` column without it holds all headers. */
  readonly headerKey: string | undefined;
}
export interface CreateSource extends StatementBase {
  readonly kind: 'createSource';
  readonly sourceKind: 'STREAM' | 'TABLE';
  readonly orReplace: boolean;
  readonly readOnly: boolean;
  readonly ifNotExists: boolean;
  readonly name: Name;
  readonly elements: readonly ColumnElement[];
  readonly properties: readonly PropertyNode[];
  readonly query: QueryNode | undefined;
}

export function elementsOf(cst: Cst | undefined): ColumnElement[] {
  return (cst?.all('element') ?? []).map((element) => {
    const header = element.has('HEADER');
    return {
      name: element.name(),
      type: typeOf(element.one('type')),
      role: element.has('KEY')
        ? element.has('PRIMARY')
          ? 'primaryKey'
          : 'key'
        : header || element.has('HEADERS')
          ? 'header'
          : 'value',
      headerKey: header ? stringText(element.token('StringLiteral').image) : undefined,
      span: element.span,
    };
  });
}

export function printElements(elements: readonly ColumnElement[]): string {
  if (elements.length === 0) return '';
  const suffix = ({ role, headerKey }: ColumnElement): string =>
    role === 'key'
      ? ' KEY'
      : role === 'primaryKey'
        ? ' PRIMARY KEY'
        : role === 'value'
          ? ''
          : headerKey === undefined
            ? ' HEADERS'
            : ` HEADER(${printString(headerKey)})`;
  return ` (${elements.map((element) => `${printName(element.name.text)} ${printType(element.type)}${suffix(element)}`).join(', ')})`;
}

export const createSource: StatementShape<CreateSource> = {
  rule: 'createSource',
  build: (cst) => {
    const query = cst.maybe('query');
    const elements = cst.maybe('elements');
    if (query !== undefined && elements !== undefined) throw new SqlError('COLUMNS_WITH_SELECT', elements.span, {});
    return {
      kind: 'createSource',
      sourceKind: cst.has('STREAM') ? 'STREAM' : 'TABLE',
      orReplace: cst.has('orReplace'),
      readOnly: cst.has('SOURCE'),
      ifNotExists: cst.has('ifNotExists'),
      name: cst.name(),
      elements: elementsOf(elements),
      properties: propertiesOf(cst.maybe('properties')),
      query: query && queryOf(query),
      span: cst.span,
    };
  },
  print: (s) =>
    `CREATE ${s.orReplace ? 'OR REPLACE ' : ''}${s.readOnly ? 'SOURCE ' : ''}${s.sourceKind} ${s.ifNotExists ? 'IF NOT EXISTS ' : ''}` +
    `${printName(s.name.text)}${printElements(s.elements)}${printProperties(s.properties)}${s.query === undefined ? '' : ` AS ${printQuery(s.query)}`};`,
};
