import type { BoundCondition } from '../../bound/match.ts';
import { printExpr } from '../../expressions/print.ts';
import { mapColumns, type BoundExpr } from '../../expressions/node.ts';
import { areLocal, mostAttempts, mostRows, type NavigationSpec, type PatternSpec } from '../../specs/pattern.ts';
import { accepted, Program } from '../../specs/pattern-program.ts';
import { durationText } from '../../util/time-units.ts';
import { orderText } from './explain-order.ts';
import type { LogicalMatch } from './node.ts';

/** A pattern and what it takes, on one line. */
export function matchText({
  partitionBy,
  orderBy,
  pattern,
  variables,
  conditions,
  measures,
  skip,
  withinMs,
  final,
}: LogicalMatch): string {
  const nameOf = (i: number): string => variables[i]!;
  const skipped =
    'variables' in skip
      ? `to ${skip.to} ${skip.variables.map(nameOf).join(', ')}`
      : skip.to === 'past'
        ? 'past last row'
        : 'to next row';
  const defined = conditions.flatMap((condition, i) =>
    condition === undefined ? [] : [`${nameOf(i)} AS ${conditionText(condition, variables)}`],
  );
  return [
    `match partition by ${partitionBy.map(({ expr }) => printExpr(expr)).join(', ')} order by ${[printExpr(orderBy), ...(final?.thenBy ?? []).map(orderText)].join(', ')}`,
    ` pattern (${patternText(pattern, variables)})`,
    withinMs === undefined ? '' : ` within ${durationText(withinMs)}`,
    ` skip ${skipped}`,
    final === undefined ? '' : ` final grace=${durationText(final.graceMs)}`,
    ` keeps ${boundText(pattern, withinMs, conditions)}`,
    defined.length === 0 ? '' : ` define ${defined.join(', ')}`,
    `: ${measures.map((measure) => conditionText(measure, variables)).join(', ')}`,
  ].join('');
}

/** A pattern without an end of its own has few states; one with large counts is shown in its beginning. */
const mostStates = 20;

/**
 * The automaton of a pattern, a state a line: the variable that it takes a row as, and the states that may take the next row, the
 * preferred one first.
 */
export function automatonText({ pattern, variables }: LogicalMatch): string[] {
  const program = new Program(pattern);
  const numbers = new Map<number, number>();
  const names = (states: readonly number[]): string =>
    states
      .map((state) => {
        if (state === accepted) return 'match';
        if (!numbers.has(state)) numbers.set(state, numbers.size + 1);
        return `${numbers.get(state)}:${variables[program.variableOf(state)]!}`;
      })
      .join(', ');
  const lines = [`begin -> ${names(program.begin)}`];
  // States are numbered as they are come to, so that those behind the last line are there when the loop gets to them.
  for (const [state, number] of numbers) {
    if (number > mostStates) return [...lines, '…'];
    lines.push(`${names([state])} -> ${names(program.behind(state))}`);
  }
  return lines;
}

/** What bounds the state of a partition. */
function boundText(pattern: PatternSpec, withinMs: number | undefined, conditions: LogicalMatch['conditions']): string {
  const most = mostRows(pattern);
  const rows =
    withinMs !== undefined
      ? `rows of ${durationText(withinMs)}`
      : most === Infinity
        ? 'rows since the first open attempt'
        : `${most} rows`;
  return areLocal(conditions) ? rows : `${rows} and at most ${mostAttempts} attempts`;
}

function conditionText({ navigations, columns, expr }: BoundCondition, variables: readonly string[]): string {
  const texts = navigations.map((navigation) => navigationText(navigation, variables));
  return printExpr(
    mapColumns(expr, (column) => ({ ...column, name: texts[columns.findIndex(({ id }) => id === column.id)]! })),
  );
}

function navigationText(navigation: NavigationSpec<BoundExpr>, variables: readonly string[]): string {
  if (navigation.kind === 'classifier') return 'CLASSIFIER()';
  if (navigation.kind === 'matchNumber') return 'MATCH_NUMBER()';
  const of =
    navigation.variables === undefined ? '' : ` OF ${navigation.variables.map((i) => variables[i]!).join('|')}`;
  if (navigation.kind === 'aggregate') return `${navigation.fn}(${navigation.args.map(printExpr).join(', ')}${of})`;
  const { from, offset, before, expr } = navigation;
  const word = before > 0 ? 'PREV' : from.toUpperCase();
  const rows = before > 0 ? before : offset;
  return `${word}(${printExpr(expr)}${of}${rows === 0 ? '' : `, ${rows}`})`;
}

/** A pattern as it is written. */
function patternText(spec: PatternSpec, variables: readonly string[]): string {
  switch (spec.kind) {
    case 'variable':
      return variables[spec.variable]!;
    case 'sequence':
      return spec.parts
        .map((part) =>
          part.kind === 'alternatives' ? `(${patternText(part, variables)})` : patternText(part, variables),
        )
        .join(' ');
    case 'alternatives':
      return spec.parts.map((part) => patternText(part, variables)).join(' | ');
    case 'repeat': {
      const inner = patternText(spec.part, variables);
      const { least, most, reluctant } = spec;
      return `${spec.part.kind === 'variable' ? inner : `(${inner})`}{${least},${most ?? ''}}${reluctant ? '?' : ''}`;
    }
  }
}
