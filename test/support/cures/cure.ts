import type { catalog, DiagnosticCode } from '../../../src/diagnostics/catalog.ts';

/** What is refused, a part of what is told, and what it tells to write. */
export interface Cure {
  /** Statements before both. */
  readonly before?: string;
  readonly wrong: string;
  readonly hint: RegExp;
  readonly cure: string;
}

/** The codes that have a hint. */
export type HintedCode = {
  [C in DiagnosticCode]: (typeof catalog)[C] extends { readonly hint: unknown } ? C : never;
}[DiagnosticCode];

/** Cures of a hint, or why it proposes nothing that a statement holds. */
export type Cures = readonly Cure[] | { readonly notOfStatements: string };
