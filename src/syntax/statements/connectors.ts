import { nameText, propertiesOf, resourceText } from '../cst.ts';
import { printProperties, printString } from '../print.ts';
import type { PropertyNode } from '../query.ts';
import type { StatementBase, StatementShape } from './shape.ts';

export interface CreateConnector extends StatementBase {
  readonly kind: 'createConnector';
  readonly type: 'SINK' | 'SOURCE';
  readonly ifNotExists: boolean;
  readonly name: string;
  readonly properties: readonly PropertyNode[];
}
export interface DropConnector extends StatementBase {
  readonly kind: 'dropConnector';
  readonly ifExists: boolean;
  readonly name: string;
}
export interface DescribeConnector extends StatementBase {
  readonly kind: 'describeConnector';
  readonly name: string;
}
export interface ShowConnectors extends StatementBase {
  readonly kind: 'showConnectors';
  readonly what: 'ALL' | 'SOURCE' | 'SINK' | 'PLUGINS';
}

/** The name of a connector: folded to upper case unless it is quoted. */
const nameOf = (text: string, quoted: boolean): string => (quoted ? text : nameText(text));
const named = (cst: Parameters<typeof resourceText>[0]): string => {
  const { image } = cst.ownTokens()[0]!;
  return nameOf(resourceText(cst), /^[`"']/.test(image));
};

export const createConnector: StatementShape<CreateConnector> = {
  rule: 'createConnector',
  build: (cst) => ({
    kind: 'createConnector',
    type: cst.has('SINK') ? 'SINK' : 'SOURCE',
    ifNotExists: cst.has('ifNotExists'),
    name: named(cst.one('resource')),
    properties: propertiesOf(cst.maybe('properties'), true),
    span: cst.span,
  }),
  print: (s) =>
    `CREATE ${s.type} CONNECTOR ${s.ifNotExists ? 'IF NOT EXISTS ' : ''}${printString(s.name)}${printProperties(s.properties)};`,
};
export const dropConnector: StatementShape<DropConnector> = {
  rule: 'dropConnector',
  build: (cst) => ({
    kind: 'dropConnector',
    ifExists: cst.has('ifExists'),
    name: named(cst.one('resource')),
    span: cst.span,
  }),
  print: (s) => `DROP CONNECTOR ${s.ifExists ? 'IF EXISTS ' : ''}${printString(s.name)};`,
};
export const describeConnector: StatementShape<DescribeConnector> = {
  rule: 'describeConnector',
  build: (cst) => ({ kind: 'describeConnector', name: named(cst.one('resource')), span: cst.span }),
  print: (s) => `DESCRIBE CONNECTOR ${printString(s.name)};`,
};
export const showConnectors: StatementShape<ShowConnectors> = {
  rule: 'showConnectors',
  build: (cst) => ({
    kind: 'showConnectors',
    what: cst.has('PLUGINS') ? 'PLUGINS' : cst.has('SOURCE') ? 'SOURCE' : cst.has('SINK') ? 'SINK' : 'ALL',
    span: cst.span,
  }),
  print: (s) =>
    s.what === 'PLUGINS' ? 'SHOW CONNECTOR PLUGINS;' : `SHOW ${s.what === 'ALL' ? '' : `${s.what} `}CONNECTORS;`,
};
