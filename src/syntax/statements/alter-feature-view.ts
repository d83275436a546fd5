import type { Span } from '../../diagnostics/source.ts';
import { propertiesIn, stringText } from '../cst.ts';
import type { Name } from '../expressions.ts';
import { printName, printPropertyList, printString } from '../print.ts';
import type { PropertyNode } from '../query.ts';
import type { StatementBase, StatementShape } from './shape.ts';

export interface AlterFeatureView extends StatementBase {
  readonly kind: 'alterFeatureView';
  readonly ifExists: boolean;
  readonly name: Name;
  readonly properties: readonly PropertyNode[];
}
/** A time as written. */
export interface TimeNode {
  readonly text: string;
  readonly span: Span;
}
export interface Materialize extends StatementBase {
  readonly kind: 'materialize';
  readonly name: Name;
  readonly from: TimeNode | undefined;
  readonly to: TimeNode | undefined;
}

export const alterFeatureView: StatementShape<AlterFeatureView> = {
  rule: 'alterFeatureView',
  build: (cst) => ({
    kind: 'alterFeatureView',
    ifExists: cst.has('ifExists'),
    name: cst.name(),
    properties: propertiesIn(cst),
    span: cst.span,
  }),
  print: (s) =>
    `ALTER FEATURE VIEW ${s.ifExists ? 'IF EXISTS ' : ''}${printName(s.name.text)} SET ${printPropertyList(s.properties)};`,
};

export const materialize: StatementShape<Materialize> = {
  rule: 'materialize',
  build: (cst) => {
    const [from, to] = cst
      .tokens('StringLiteral')
      .map((token): TimeNode => ({ text: stringText(token.image), span: cst.spanOf(token) }));
    return { kind: 'materialize', name: cst.name(), from, to, span: cst.span };
  },
  print: (s) =>
    `MATERIALIZE FEATURE VIEW ${printName(s.name.text)}${s.from === undefined ? '' : ` FROM ${printString(s.from.text)}`}${s.to === undefined ? '' : ` TO ${printString(s.to.text)}`};`,
};
