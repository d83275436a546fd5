import { queryOf } from '../build-query.ts';
import { durationOf, propertiesOf, stringText, versionText } from '../cst.ts';
import type { Duration, Name } from '../expressions.ts';
import { printName, printProperties, printQuery, printString, versionClause } from '../print.ts';
import type { PropertyNode, QueryNode } from '../query.ts';
import type { StatementBase, StatementShape } from './shape.ts';

export interface CreateFeatureView extends StatementBase {
  readonly kind: 'createFeatureView';
  readonly orReplace: boolean;
  readonly ifNotExists: boolean;
  readonly name: Name;
  readonly entityKey: readonly Name[];
  readonly timestamp: Name | undefined;
  readonly ttl: Duration | undefined;
  readonly comment: string | undefined;
  readonly properties: readonly PropertyNode[];
  readonly query: QueryNode;
}
export interface DropFeatureView extends StatementBase {
  readonly kind: 'dropFeatureView';
  readonly ifExists: boolean;
  readonly name: Name;
  /** Only this version is dropped, as it is written; undefined for the whole view. */
  readonly version: string | undefined;
  /** CASCADE: also drops what reads from it and the services that serve it. */
  readonly cascade: boolean;
}

export const createFeatureView: StatementShape<CreateFeatureView> = {
  rule: 'createFeatureView',
  build: (cst) => {
    const names = cst.all('name').map((name) => name.asName());
    const timestamp = cst.has('TIMESTAMP') ? names.pop() : undefined;
    const ttl = cst.maybe('duration');
    const comment = cst.tokens('StringLiteral')[0];
    return {
      kind: 'createFeatureView',
      orReplace: cst.has('orReplace'),
      ifNotExists: cst.has('ifNotExists'),
      name: names[0]!,
      entityKey: names.slice(1),
      timestamp,
      ttl: ttl && durationOf(ttl),
      comment: comment && stringText(comment.image),
      properties: propertiesOf(cst.maybe('properties')),
      query: queryOf(cst.one('query')),
      span: cst.span,
    };
  },
  print: (s) =>
    `CREATE ${s.orReplace ? 'OR REPLACE ' : ''}FEATURE VIEW ${s.ifNotExists ? 'IF NOT EXISTS ' : ''}${printName(s.name.text)}` +
    ` ENTITY KEY (${s.entityKey.map((name) => printName(name.text)).join(', ')})${s.timestamp === undefined ? '' : ` TIMESTAMP ${printName(s.timestamp.text)}`}` +
    `${s.ttl === undefined ? '' : ` TTL ${s.ttl.text}`}${s.comment === undefined ? '' : ` COMMENT ${printString(s.comment)}`}` +
    `${printProperties(s.properties)} AS ${printQuery(s.query)};`,
};
export const dropFeatureView: StatementShape<DropFeatureView> = {
  rule: 'dropFeatureView',
  build: (cst) => {
    const version = cst.maybe('version');
    return {
      kind: 'dropFeatureView',
      ifExists: cst.has('ifExists'),
      name: cst.name(),
      version: version && versionText(version),
      cascade: cst.has('CASCADE'),
      span: cst.span,
    };
  },
  print: (s) =>
    `DROP FEATURE VIEW ${s.ifExists ? 'IF EXISTS ' : ''}${printName(s.name.text)}${versionClause(s.version)}${s.cascade ? ' CASCADE' : ''};`,
};
