import type { MatchNode, PatternNode } from './match.ts';
import type { ExpressionNode, OrderItem } from './expressions.ts';

/** How expressions and names are printed. */
export interface Printers {
  readonly printExpression: (node: ExpressionNode) => string;
  readonly printName: (name: string) => string;
  readonly printOrder: (item: OrderItem) => string;
}

/** MATCH_RECOGNIZE ( … ) as text. */
export function printMatch(match: MatchNode, { printExpression, printName, printOrder }: Printers): string {
  const { partitionBy, orderBy, measures, allRows, skip, pattern, within, grace, subsets, define } = match;
  const list = (texts: readonly string[]): string => texts.join(', ');
  const clauses = [
    partitionBy.length === 0 ? '' : `PARTITION BY ${list(partitionBy.map(printExpression))}`,
    orderBy.length === 0 ? '' : `ORDER BY ${list(orderBy.map(printOrder))}`,
    measures.length === 0
      ? ''
      : `MEASURES ${list(measures.map(({ expression, name }) => `${printExpression(expression)} AS ${printName(name.text)}`))}`,
    allRows === undefined ? '' : 'ALL ROWS PER MATCH',
    skip === undefined
      ? ''
      : `AFTER MATCH SKIP ${skip.to === 'PAST LAST ROW' ? skip.to : `TO ${skip.to}`}${skip.variable === undefined ? '' : ` ${printName(skip.variable.text)}`}`,
    `PATTERN (${printPattern(pattern, printName)})`,
    within === undefined ? '' : `WITHIN ${within.text}`,
    grace === undefined ? '' : `GRACE PERIOD ${grace.length.text}`,
    subsets.length === 0
      ? ''
      : `SUBSET ${list(subsets.map(({ name, members }) => `${printName(name.text)} = (${list(members.map(({ text }) => printName(text)))})`))}`,
    define.length === 0
      ? ''
      : `DEFINE ${list(define.map(({ variable, condition }) => `${printName(variable.text)} AS ${printExpression(condition)}`))}`,
  ];
  return ` MATCH_RECOGNIZE (${clauses.filter((clause) => clause !== '').join(' ')})`;
}

function printPattern(pattern: PatternNode, printName: Printers['printName']): string {
  switch (pattern.kind) {
    case 'variable':
      return printName(pattern.name.text);
    case 'sequence':
      return pattern.parts
        .map((part) =>
          part.kind === 'alternatives' || part.kind === 'sequence'
            ? `(${printPattern(part, printName)})`
            : printPattern(part, printName),
        )
        .join(' ');
    case 'alternatives':
      return pattern.parts
        .map((part) =>
          part.kind === 'alternatives' ? `(${printPattern(part, printName)})` : printPattern(part, printName),
        )
        .join(' | ');
    case 'repeat': {
      const { part, least, most, reluctant } = pattern;
      const inner = part.kind === 'variable' ? printPattern(part, printName) : `(${printPattern(part, printName)})`;
      return `${inner}${timesText(least, most)}${reluctant ? '?' : ''}`;
    }
  }
}

function timesText(least: number, most: number | undefined): string {
  if (most === undefined) return least === 0 ? '*' : least === 1 ? '+' : `{${least},}`;
  if (least === 0 && most === 1) return '?';
  return least === most ? `{${least}}` : `{${least},${most}}`;
}
