import type { Span } from '../../diagnostics/source.ts';
import type { Cst } from '../cst.ts';

/** How the tree of a statement is built and printed. */
export interface StatementShape<S> {
  /** The grammar rule that the statement is built from. */
  readonly rule: string;
  readonly build: (cst: Cst) => S;
  readonly print: (statement: S) => string;
}
export interface StatementBase {
  readonly span: Span;
}
