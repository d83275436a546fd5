import { propertiesOf, stringText } from '../cst.ts';
import type { Name } from '../expressions.ts';
import { printName, printProperties, printString } from '../print.ts';
import type { PropertyNode } from '../query.ts';
import type { TimeNode } from './alter-feature-view.ts';
import type { StatementBase, StatementShape } from './shape.ts';

export interface Backfill extends StatementBase {
  readonly kind: 'backfill';
  readonly name: Name;
  /** Bounds of the feature time; the second is not included. */
  readonly from: TimeNode | undefined;
  readonly to: TimeNode | undefined;
  readonly properties: readonly PropertyNode[];
}

export const backfill: StatementShape<Backfill> = {
  rule: 'backfill',
  build: (cst) => {
    const times = cst
      .tokens('StringLiteral')
      .map((token): TimeNode => ({ text: stringText(token.image), span: cst.spanOf(token) }));
    return {
      kind: 'backfill',
      name: cst.name(),
      from: cst.has('FROM') ? times[0] : undefined,
      to: cst.has('TO') ? times.at(-1) : undefined,
      properties: propertiesOf(cst.one('properties')),
      span: cst.span,
    };
  },
  print: ({ name, from, to, properties }) =>
    `BACKFILL FEATURE VIEW ${printName(name.text)}${from === undefined ? '' : ` FROM ${printString(from.text)}`}` +
    `${to === undefined ? '' : ` TO ${printString(to.text)}`}${printProperties(properties)};`,
};
