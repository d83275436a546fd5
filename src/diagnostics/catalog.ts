import { syntaxCodes } from './codes/syntax.ts';
import { expressionCodes } from './codes/expressions.ts';
import { overCodes } from './codes/over.ts';
import { queryCodes } from './codes/queries.ts';
import { catalogCodes } from './codes/catalog-objects.ts';
import { serverCodes } from './codes/server.ts';

/** Every error a user can meet: one entry per code, never renumbered, never reused. */
export const catalog = {
  ...syntaxCodes,
  ...expressionCodes,
  ...overCodes,
  ...queryCodes,
  ...catalogCodes,
  ...serverCodes,
} as const;

export type DiagnosticCode = keyof typeof catalog;
type Part<C extends DiagnosticCode, K extends 'message' | 'hint'> = (typeof catalog)[C] extends {
  readonly [P in K]: (p: infer A) => unknown;
}
  ? A
  : unknown;

/** The parameters of a code: those of its message and those of its hint. */
export type DiagnosticParams<C extends DiagnosticCode> = Part<C, 'message'> & Part<C, 'hint'>;
