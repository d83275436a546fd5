import type { Name } from '../expressions.ts';
import { printName } from '../print.ts';
import type { StatementBase, StatementShape } from './shape.ts';

/** What SHOW CREATE shows, in the order in which a name without a kind is looked for. */
export const showCreateKinds = [
  'STREAM',
  'TABLE',
  'FEATURE VIEW',
  'MONITOR',
  'VIEW',
  'FEATURE SERVICE',
  'MODEL',
  'TRAINING SET',
  'TYPE',
] as const;
export type ShowCreateKind = (typeof showCreateKinds)[number];

export interface ShowCreate extends StatementBase {
  readonly kind: 'showCreate';
  /** Undefined where only a name is given. */
  readonly what: ShowCreateKind | undefined;
  readonly name: Name;
}

export const showCreate: StatementShape<ShowCreate> = {
  rule: 'showCreate',
  build: (cst) => ({
    kind: 'showCreate',
    what: showCreateKinds.find((kind) => kind.split(' ').every((word) => cst.has(word))),
    name: cst.name(),
    span: cst.span,
  }),
  print: (s) => `SHOW CREATE ${s.what === undefined ? '' : `${s.what} `}${printName(s.name.text)};`,
};
