import type { Span } from '../diagnostics/source.ts';
import type { Duration, ExpressionNode, Name, OrderItem } from './expressions.ts';

/** A row pattern: a variable, parts in a row, one of several parts in order of preference, or a part again and again. */
export type PatternNode =
  | { readonly kind: 'variable'; readonly name: Name; readonly span: Span }
  | { readonly kind: 'sequence' | 'alternatives'; readonly parts: readonly PatternNode[]; readonly span: Span }
  | {
      readonly kind: 'repeat';
      readonly part: PatternNode;
      readonly least: number;
      /** Undefined: without end. */
      readonly most: number | undefined;
      readonly reluctant: boolean;
      readonly span: Span;
    };

/** Where the search goes on behind a match. */
export interface SkipNode {
  readonly to: 'PAST LAST ROW' | 'NEXT ROW' | 'FIRST' | 'LAST';
  /** Of FIRST and LAST. */
  readonly variable: Name | undefined;
  readonly span: Span;
}

/** MATCH_RECOGNIZE ( … ) behind a source. */
export interface MatchNode {
  readonly partitionBy: readonly ExpressionNode[];
  readonly orderBy: readonly OrderItem[];
  readonly measures: readonly { readonly expression: ExpressionNode; readonly name: Name }[];
  /** ALL ROWS PER MATCH, where it is written. */
  readonly allRows: Span | undefined;
  readonly skip: SkipNode | undefined;
  readonly pattern: PatternNode;
  readonly within: Duration | undefined;
  /** GRACE PERIOD, of EMIT FINAL. */
  readonly grace: { readonly length: Duration; readonly span: Span } | undefined;
  readonly subsets: readonly { readonly name: Name; readonly members: readonly Name[] }[];
  readonly define: readonly { readonly variable: Name; readonly condition: ExpressionNode }[];
  readonly span: Span;
}
