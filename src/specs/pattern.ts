import type { SqlType } from '../types/sql-type.ts';

/**
 * A row pattern over variables by number: parts in a row, one of several parts in order of preference, or a part again and again
 * (`most` undefined: without end).
 */
export type PatternSpec =
  | { readonly kind: 'variable'; readonly variable: number }
  | { readonly kind: 'sequence' | 'alternatives'; readonly parts: readonly PatternSpec[] }
  | {
      readonly kind: 'repeat';
      readonly part: PatternSpec;
      readonly least: number;
      readonly most: number | undefined;
      readonly reluctant: boolean;
    };

/** Where the search goes on behind a match: behind its last row, behind its first, or at the first or last row of some variables. */
export type SkipSpec =
  { readonly to: 'past' | 'next' } | { readonly to: 'first' | 'last'; readonly variables: readonly number[] };

/**
 * What a condition or a measure takes from the rows of a match, of some variables (undefined: of all): the value of a row, `offset`
 * rows of them from the first or the last, and `before` rows of the partition before that; an aggregate; the variable of the last
 * row; or the number of the match.
 */
export type NavigationSpec<E> =
  | {
      readonly kind: 'row';
      readonly from: 'first' | 'last';
      readonly variables: readonly number[] | undefined;
      readonly offset: number;
      readonly before: number;
      readonly expr: E;
    }
  | {
      readonly kind: 'aggregate';
      readonly variables: readonly number[] | undefined;
      readonly fn: string;
      readonly args: readonly E[];
      readonly filter: E | undefined;
      /** The type of the result. */
      readonly gives: SqlType;
    }
  | { readonly kind: 'classifier' }
  | { readonly kind: 'matchNumber' };

/** The expressions over rows in a navigation. */
export function navigationExprs<E>(navigation: NavigationSpec<E>): readonly E[] {
  if (navigation.kind === 'row') return [navigation.expr];
  if (navigation.kind !== 'aggregate') return [];
  return navigation.filter === undefined ? navigation.args : [...navigation.args, navigation.filter];
}

/** A navigation with its expressions replaced. */
export function mapNavigation<A, B>(navigation: NavigationSpec<A>, map: (expr: A) => B): NavigationSpec<B> {
  if (navigation.kind === 'row') return { ...navigation, expr: map(navigation.expr) };
  if (navigation.kind !== 'aggregate') return navigation;
  const { args, filter, ...rest } = navigation;
  return { ...rest, args: args.map(map), filter: filter === undefined ? undefined : map(filter) };
}

/** The most attempts that a partition keeps open. */
export const mostAttempts = 10_000;

/** The most rows that a match of a pattern has; infinite where a part is repeated without end. */
export function mostRows(spec: PatternSpec): number {
  if (spec.kind === 'variable') return 1;
  if (spec.kind === 'repeat') return (spec.most ?? Infinity) * mostRows(spec.part);
  const parts = spec.parts.map(mostRows);
  return spec.kind === 'sequence' ? parts.reduce((sum, rows) => sum + rows, 0) : Math.max(...parts);
}

/**
 * Whether all that the conditions of variables, by number, take is the row that is looked at, or one that stands before it in the
 * partition. A variable without a condition has none.
 */
export const areLocal = (
  conditions: readonly ({ readonly navigations: readonly NavigationSpec<unknown>[] } | null | undefined)[],
): boolean =>
  conditions.every((condition, i) => (condition?.navigations ?? []).every((navigation) => isLocal(navigation, i)));
const isLocal = (navigation: NavigationSpec<unknown>, variable: number): boolean =>
  navigation.kind === 'row' &&
  navigation.from === 'last' &&
  navigation.offset === 0 &&
  (navigation.variables === undefined || navigation.variables.includes(variable));

/**
 * Rows of an attempt of which a condition, looking back, can tell that they are of some variables: all of them, or so many of them from
 * the first or the last.
 */
export interface SeenRows {
  readonly variables: readonly number[];
  readonly which: 'all' | 'first' | 'last';
  readonly count: number;
}

/**
 * What conditions of variables, by number, can tell of an attempt beside its first row and its length. Attempts that began at one row, are
 * in one state and do not differ in this go on alike.
 */
export const seenRows = (
  conditions: readonly ({ readonly navigations: readonly NavigationSpec<unknown>[] } | null | undefined)[],
): readonly SeenRows[] =>
  conditions.flatMap((condition, i) => (condition?.navigations ?? []).flatMap((navigation) => seenBy(navigation, i)));
function seenBy(navigation: NavigationSpec<unknown>, variable: number): SeenRows[] {
  // The variable of the row that is looked at, the number of the match and rows of any variable are the same for all of them.
  if (navigation.kind === 'classifier' || navigation.kind === 'matchNumber') return [];
  const { variables } = navigation;
  if (variables === undefined) return [];
  if (navigation.kind === 'aggregate') return [{ variables, which: 'all', count: Infinity }];
  const { from, offset } = navigation;
  // The row that is looked at is the last of its own variable.
  const count = from === 'last' && variables.includes(variable) ? offset : offset + 1;
  return count === 0 ? [] : [{ variables, which: from, count }];
}
