import { stringText } from '../cst.ts';
import { printString } from '../print.ts';
import type { StatementBase, StatementShape } from './shape.ts';

/** What SHOW lists. */
export const showKinds = [
  'STREAMS',
  'TABLES',
  'TOPICS',
  'QUERIES',
  'FUNCTIONS',
  'PROPERTIES',
  'TYPES',
  'VARIABLES',
  'MODELS',
  'FEATURE VIEWS',
  'FEATURE SERVICES',
  'TRAINING SETS',
  'VIEWS',
  'MONITORS',
  'VERIFICATIONS',
  'BACKFILLS',
] as const;
export type ShowKind = (typeof showKinds)[number];

export interface Show extends StatementBase {
  readonly kind: 'show';
  readonly what: ShowKind;
  readonly all: boolean;
  readonly extended: boolean;
  /** The pattern of the names that are wanted; undefined for all. */
  readonly like: string | undefined;
}

export const show: StatementShape<Show> = {
  rule: 'show',
  build: (cst) => ({
    kind: 'show',
    what: cst.has('FEATURE')
      ? cst.has('SERVICES')
        ? 'FEATURE SERVICES'
        : 'FEATURE VIEWS'
      : cst.has('TRAINING')
        ? 'TRAINING SETS'
        : showKinds.find((word) => cst.has(word))!,
    all: cst.has('ALL'),
    extended: cst.has('EXTENDED'),
    like: cst.has('LIKE') ? stringText(cst.token('StringLiteral').image) : undefined,
    span: cst.span,
  }),
  print: (s) =>
    `SHOW ${s.all ? 'ALL ' : ''}${s.what}${s.extended ? ' EXTENDED' : ''}${s.like === undefined ? '' : ` LIKE ${printString(s.like)}`};`,
};
