import { resourceText } from '../cst.ts';
import { printString } from '../print.ts';
import type { StatementBase, StatementShape } from './shape.ts';

export interface PrintTopic extends StatementBase {
  readonly kind: 'print';
  readonly topic: string;
  readonly fromBeginning: boolean;
  /** INTERVAL: only every n-th record is shown. */
  readonly interval: number | undefined;
  readonly limit: number | undefined;
}

export const printTopic: StatementShape<PrintTopic> = {
  rule: 'print',
  build: (cst) => {
    const numbers = cst.tokens('IntegerLiteral').map((token) => Number(token.image));
    return {
      kind: 'print',
      topic: resourceText(cst.one('resource')),
      fromBeginning: cst.has('BEGINNING'),
      interval: cst.has('INTERVAL') || cst.has('SAMPLE') ? numbers[0] : undefined,
      limit: cst.has('LIMIT') ? numbers.at(-1) : undefined,
      span: cst.span,
    };
  },
  print: (s) =>
    `PRINT ${printString(s.topic)}${s.fromBeginning ? ' FROM BEGINNING' : ''}${s.interval === undefined ? '' : ` INTERVAL ${s.interval}`}` +
    `${s.limit === undefined ? '' : ` LIMIT ${s.limit}`};`,
};
