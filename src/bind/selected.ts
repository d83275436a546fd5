import type { Span } from '../diagnostics/source.ts';
import type { BoundColumn, BoundExpr } from '../expressions/node.ts';

/** One expression that SELECT gives. */
export interface Selected {
  readonly expr: BoundExpr;
  readonly name: string;
  readonly span: Span;
  /** Set when it comes from `*`. */
  readonly starred?: true;
}

/** For each key column of a join, the columns that may serve as it, in order of preference. */
export type ViableKeys = readonly (readonly BoundColumn[])[];
