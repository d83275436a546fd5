import { syntaxCodes } from './codes/syntax.ts';
import { expressionCodes } from './codes/expressions.ts';
import { queryCodes } from './codes/queries.ts';
import { catalogCodes } from './codes/catalog-objects.ts';
import { serverCodes } from './codes/server.ts';

/** Every error a user can meet: one entry per code, never renumbered, never reused. */
export const catalog = { ...syntaxCodes, ...expressionCodes, ...queryCodes, ...catalogCodes, ...serverCodes } as const;

export type DiagnosticCode = keyof typeof catalog;
type Part<C extends DiagnosticCode, K extends 'message' | 'hint'> = (typeof catalog)[C] extends {
  readonly [P in K]: (p: infer A) => unknown;
}
  ? A
  : unknown;

/** What the message and the hint of a code need. */
export type DiagnosticParams<C extends DiagnosticCode> = Part<C, 'message'> & Part<C, 'hint'>;
