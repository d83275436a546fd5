import { stringText } from '../cst.ts';
import type { Name } from '../expressions.ts';
import { printName, printString } from '../print.ts';
import type { StatementBase, StatementShape } from './shape.ts';

export interface VerifyFeatureView extends StatementBase {
  readonly kind: 'verifyFeatureView';
  readonly name: Name;
  /** Bounds of the feature time, as they are written; the second is not included. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** The number of entities. */
  readonly sample: number | undefined;
}

export const verifyFeatureView: StatementShape<VerifyFeatureView> = {
  rule: 'verifyFeatureView',
  build: (cst) => {
    const [from, to] = cst.tokens('StringLiteral');
    const sample = cst.tokens('IntegerLiteral')[0];
    return {
      kind: 'verifyFeatureView',
      name: cst.name(),
      from: from && stringText(from.image),
      to: to && stringText(to.image),
      sample: sample && Number(sample.image),
      span: cst.span,
    };
  },
  print: ({ name, from, to, sample }) =>
    `VERIFY FEATURE VIEW ${printName(name.text)}` +
    (from === undefined || to === undefined ? '' : ` FROM ${printString(from)} TO ${printString(to)}`) +
    `${sample === undefined ? '' : ` SAMPLE ${sample}`};`,
};
