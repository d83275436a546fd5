import { SqlError } from '../../diagnostics/sql-error.ts';
import type { Span } from '../../diagnostics/source.ts';
import { optionNamesIn, propertiesIn, propertiesOf, stringText, versionText, type Cst } from '../cst.ts';
import type { Name } from '../expressions.ts';
import { printName, printProperties, printPropertyList, printString, printVersion } from '../print.ts';
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
/** A version of a route, as written, with its part of a hundred. */
export interface RouteShare {
  readonly version: string;
  readonly percent: string;
  readonly span: Span;
}
export type ModelChange =
  | {
      readonly action: 'ADD VERSION';
      readonly version: string | undefined;
      readonly properties: readonly PropertyNode[];
    }
  | { readonly action: 'DROP VERSION' | 'SET DEFAULT VERSION'; readonly version: string }
  | { readonly action: 'SET ALIAS'; readonly alias: Name; readonly version: string }
  | { readonly action: 'DROP ALIAS'; readonly alias: Name }
  | {
      readonly action: 'SET ROUTE';
      readonly seed: string | undefined;
      readonly targets: readonly RouteShare[];
      readonly shadows: readonly RouteShare[];
    }
  | { readonly action: 'DROP ROUTE' }
  /** Options of the default version. */
  | { readonly action: 'SET OPTIONS'; readonly properties: readonly PropertyNode[] }
  | { readonly action: 'RESET OPTIONS'; readonly options: readonly Name[] };
export interface AlterModel extends StatementBase {
  readonly kind: 'alterModel';
  readonly ifExists: boolean;
  readonly name: Name;
  readonly change: ModelChange;
}
export interface DropModel extends StatementBase {
  readonly kind: 'dropModel';
  readonly ifExists: boolean;
  readonly name: Name;
  /** Only this version is dropped; undefined for the whole model. */
  readonly version: string | undefined;
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
      const clauses = [
        'ALTER MODEL',
        ...rest
          .ownTokens()
          .slice(0, 2)
          .map((token) => token.image.toUpperCase()),
      ].join(' ');
      throw new SqlError('NOT_SUPPORTED_YET', rest.span, { what: clauses });
    }
    return {
      kind: 'alterModel',
      ifExists: cst.has('ifExists'),
      name: cst.name(),
      change: changeOf(cst),
      span: cst.span,
    };
  },
  print: (s) => `ALTER MODEL ${s.ifExists ? 'IF EXISTS ' : ''}${printName(s.name.text)} ${printChange(s.change)};`,
};

function changeOf(cst: Cst): ModelChange {
  const version = cst.maybe('version');
  if (cst.has('RESET')) return { action: 'RESET OPTIONS', options: optionNamesIn(cst) };
  if (cst.has('propertyList')) return { action: 'SET OPTIONS', properties: propertiesIn(cst) };
  if (cst.has('ROUTE')) {
    if (cst.has('DROP')) return { action: 'DROP ROUTE' };
    const seed = cst.tokens('StringLiteral')[0];
    return {
      action: 'SET ROUTE',
      seed: seed && stringText(seed.image),
      targets: cst.all('routeTarget').map(shareOf),
      shadows: cst.all('shadowTarget').map(shareOf),
    };
  }
  if (cst.has('ALIAS')) {
    const alias = cst.name(1);
    return version === undefined
      ? { action: 'DROP ALIAS', alias }
      : { action: 'SET ALIAS', alias, version: versionText(version) };
  }
  if (cst.has('ADD'))
    return {
      action: 'ADD VERSION',
      version: version && versionText(version),
      properties: propertiesOf(cst.maybe('properties')),
    };
  return { action: cst.has('DROP') ? 'DROP VERSION' : 'SET DEFAULT VERSION', version: versionText(version!) };
}
function shareOf(cst: Cst): RouteShare {
  const percent = cst.maybe('percent')?.ownTokens() ?? [];
  return {
    version: versionText(cst.one('version')),
    percent: percent.length === 0 ? '100' : percent.map(({ image }) => image).join(''),
    span: cst.span,
  };
}

const version = (text: string): string => `VERSION ${printVersion(text)}`;
function printChange(change: ModelChange): string {
  switch (change.action) {
    case 'ADD VERSION':
      return `ADD VERSION${change.version === undefined ? '' : ` ${printVersion(change.version)}`}${printProperties(change.properties)}`;
    case 'DROP VERSION':
      return `DROP ${version(change.version)}`;
    case 'SET DEFAULT VERSION':
      return `SET DEFAULT ${version(change.version)}`;
    case 'SET ALIAS':
      return `SET ALIAS ${printName(change.alias.text)} TO ${version(change.version)}`;
    case 'DROP ALIAS':
      return `DROP ALIAS ${printName(change.alias.text)}`;
    case 'DROP ROUTE':
      return 'DROP ROUTE';
    case 'SET OPTIONS':
      return `SET ${printPropertyList(change.properties)}`;
    case 'RESET OPTIONS':
      return `RESET (${change.options.map(({ text }) => printString(text)).join(', ')})`;
    case 'SET ROUTE': {
      const seed = change.seed === undefined ? '' : ` SEED ${printString(change.seed)}`;
      const targets = change.targets.map((each) => `${version(each.version)} WEIGHT ${each.percent}`);
      const shadows = change.shadows.map((each) => `${version(each.version)} SAMPLE ${each.percent}`);
      return `SET ROUTE${seed} TO ${targets.join(', ')}${shadows.length === 0 ? '' : ` SHADOW ${shadows.join(', ')}`}`;
    }
  }
}
export const dropModel: StatementShape<DropModel> = {
  rule: 'dropModel',
  build: (cst) => {
    const named = cst.maybe('version');
    return {
      kind: 'dropModel',
      ifExists: cst.has('ifExists'),
      name: cst.name(),
      version: named && versionText(named),
      span: cst.span,
    };
  },
  print: (s) =>
    `DROP MODEL ${s.ifExists ? 'IF EXISTS ' : ''}${printName(s.name.text)}${s.version === undefined ? '' : ` ${version(s.version)}`};`,
};
