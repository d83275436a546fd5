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
  'MONITORS',
] as const;
export type ShowKind = (typeof showKinds)[number];

export interface Show extends StatementBase {
  readonly kind: 'show';
  readonly what: ShowKind;
  readonly all: boolean;
  readonly extended: boolean;
}

export const show: StatementShape<Show> = {
  rule: 'show',
  build: (cst) => ({
    kind: 'show',
    what: cst.has('FEATURE') ? 'FEATURE VIEWS' : showKinds.find((word) => cst.has(word))!,
    all: cst.has('ALL'),
    extended: cst.has('EXTENDED'),
    span: cst.span,
  }),
  print: (s) => `SHOW ${s.all ? 'ALL ' : ''}${s.what}${s.extended ? ' EXTENDED' : ''};`,
};
