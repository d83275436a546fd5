import { SqlError } from '../../diagnostics/sql-error.ts';
import { propertiesOf, stringText, versionText } from '../cst.ts';
import type { Name } from '../expressions.ts';
import { printName, printProperties, printString } from '../print.ts';
import type { PropertyNode } from '../query.ts';
import { elementsOf, printElements, type ColumnElement } from './create-source.ts';
import type { StatementBase, StatementShape } from './shape.ts';

export interface CreateModel extends StatementBase {
  readonly kind: 'createModel';
  readonly orReplace: boolean;
  readonly ifNotExists: boolean;
  readonly name: Name;
  readonly input: readonly ColumnElement[];
  readonly output: readonly ColumnElement[];
  readonly comment: string | undefined;
  readonly properties: readonly PropertyNode[];
}
export interface AlterModel extends StatementBase {
  readonly kind: 'alterModel';
  readonly ifExists: boolean;
  readonly name: Name;
  readonly action: 'ADD VERSION' | 'SET DEFAULT VERSION';
  readonly version: string | undefined;
  readonly properties: readonly PropertyNode[];
}
export interface DropModel extends StatementBase {
  readonly kind: 'dropModel';
  readonly ifExists: boolean;
  readonly name: Name;
}

export const createModel: StatementShape<CreateModel> = {
  rule: 'createModel',
  build: (cst) => {
    const lists = cst.all('elements');
    const comment = cst.tokens('StringLiteral')[0];
    return {
      kind: 'createModel',
      orReplace: cst.has('orReplace'),
      ifNotExists: cst.has('ifNotExists'),
      name: cst.name(),
      input: cst.has('INPUT') ? elementsOf(lists[0]) : [],
      output: cst.has('OUTPUT') ? elementsOf(lists.at(-1)) : [],
      comment: comment && stringText(comment.image),
      properties: propertiesOf(cst.maybe('properties')),
      span: cst.span,
    };
  },
  print: (s) =>
    `CREATE ${s.orReplace ? 'OR REPLACE ' : ''}MODEL ${s.ifNotExists ? 'IF NOT EXISTS ' : ''}${printName(s.name.text)}` +
    `${s.input.length === 0 ? '' : ` INPUT${printElements(s.input)}`}${s.output.length === 0 ? '' : ` OUTPUT${printElements(s.output)}`}` +
    `${s.comment === undefined ? '' : ` COMMENT ${printString(s.comment)}`}${printProperties(s.properties)};`,
};
export const alterModel: StatementShape<AlterModel> = {
  rule: 'alterModel',
  build: (cst) => {
    const rest = cst.maybe('rest');
    if (rest !== undefined) {
      const what = [
        'ALTER MODEL',
        ...rest
          .ownTokens()
          .slice(0, 2)
          .map((token) => token.image.toUpperCase()),
      ].join(' ');
      throw new SqlError('NOT_SUPPORTED_YET', rest.span, { what });
    }
    const version = cst.maybe('version');
    return {
      kind: 'alterModel',
      ifExists: cst.has('ifExists'),
      name: cst.name(),
      action: cst.has('ADD') ? 'ADD VERSION' : 'SET DEFAULT VERSION',
      version: version && versionText(version),
      properties: propertiesOf(cst.maybe('properties')),
      span: cst.span,
    };
  },
  print: (s) =>
    `ALTER MODEL ${s.ifExists ? 'IF EXISTS ' : ''}${printName(s.name.text)} ${s.action}${s.version === undefined ? '' : ` ${s.version}`}${printProperties(s.properties)};`,
};
export const dropModel: StatementShape<DropModel> = {
  rule: 'dropModel',
  build: (cst) => ({ kind: 'dropModel', ifExists: cst.has('ifExists'), name: cst.name(), span: cst.span }),
  print: (s) => `DROP MODEL ${s.ifExists ? 'IF EXISTS ' : ''}${printName(s.name.text)};`,
};
