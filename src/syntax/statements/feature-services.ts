import { selectItemOf } from '../build-query.ts';
import { propertiesOf, stringText } from '../cst.ts';
import type { Name } from '../expressions.ts';
import { printName, printProperties, printSelectItem, printString } from '../print.ts';
import type { PropertyNode, SelectItem } from '../query.ts';
import { elementsOf, printElements, type ColumnElement } from './create-source.ts';
import type { StatementBase, StatementShape } from './shape.ts';

export interface CreateFeatureService extends StatementBase {
  readonly kind: 'createFeatureService';
  readonly orReplace: boolean;
  readonly ifNotExists: boolean;
  readonly name: Name;
  readonly comment: string | undefined;
  readonly properties: readonly PropertyNode[];
  /** The columns that a request brings. */
  readonly request: readonly ColumnElement[];
  readonly features: readonly SelectItem[];
}
export interface DropFeatureService extends StatementBase {
  readonly kind: 'dropFeatureService';
  readonly ifExists: boolean;
  readonly name: Name;
}

export const createFeatureService: StatementShape<CreateFeatureService> = {
  rule: 'createFeatureService',
  build: (cst) => {
    const comment = cst.tokens('StringLiteral')[0];
    return {
      kind: 'createFeatureService',
      orReplace: cst.has('orReplace'),
      ifNotExists: cst.has('ifNotExists'),
      name: cst.name(),
      comment: comment && stringText(comment.image),
      properties: propertiesOf(cst.maybe('properties')),
      request: elementsOf(cst.maybe('elements')),
      features: cst.all('selectItem').map(selectItemOf),
      span: cst.span,
    };
  },
  print: (s) =>
    `CREATE ${s.orReplace ? 'OR REPLACE ' : ''}FEATURE SERVICE ${s.ifNotExists ? 'IF NOT EXISTS ' : ''}${printName(s.name.text)}` +
    `${s.comment === undefined ? '' : ` COMMENT ${printString(s.comment)}`}${printProperties(s.properties)}` +
    `${s.request.length === 0 ? '' : ` REQUEST${printElements(s.request)}`} FEATURES (${s.features.map(printSelectItem).join(', ')});`,
};
export const dropFeatureService: StatementShape<DropFeatureService> = {
  rule: 'dropFeatureService',
  build: (cst) => ({ kind: 'dropFeatureService', ifExists: cst.has('ifExists'), name: cst.name(), span: cst.span }),
  print: (s) => `DROP FEATURE SERVICE ${s.ifExists ? 'IF EXISTS ' : ''}${printName(s.name.text)};`,
};
