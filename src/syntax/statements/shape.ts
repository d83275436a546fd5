import type { Span } from '../../diagnostics/source.ts';
import type { Cst } from '../cst.ts';

/** What each statement's file gives: how its tree is built and printed. */
export interface StatementShape<S> {
  /** The grammar rule that this builds from. */
  readonly rule: string;
  readonly build: (cst: Cst) => S;
  readonly print: (statement: S) => string;
}
export interface StatementBase {
  readonly span: Span;
}
