import { SqlError } from '../diagnostics/sql-error.ts';
import { expressionOf, orderItemOf } from './build-expression.ts';
import { lengthOf, type Cst } from './cst.ts';
import type { MatchNode, PatternNode, SkipNode } from './match.ts';

/** Builds MATCH_RECOGNIZE from its rule. */
export function matchOf(cst: Cst): MatchNode {
  const rows = cst.maybe('rowsPerMatch');
  const within = cst.maybe('matchWithin');
  const grace = cst.maybe('matchGrace');
  return {
    partitionBy: cst.all('expression').map(expressionOf),
    orderBy: cst.all('orderItem').map(orderItemOf),
    measures: cst
      .all('measure')
      .map((each) => ({ expression: expressionOf(each.one('expression')), name: each.name() })),
    allRows: rows?.has('ALL') === true ? rows.span : undefined,
    skip: skipOf(cst.maybe('afterMatch')),
    pattern: alternativesOf(cst.one('alternatives')),
    within: within && lengthOf(within.one('length')),
    grace: grace && { length: lengthOf(grace.one('length')), span: grace.span },
    subsets: cst.all('subset').map((each) => {
      const [name, ...members] = each.all('name').map((part) => part.asName());
      return { name: name!, members };
    }),
    define: cst
      .all('definition')
      .map((each) => ({ variable: each.name(), condition: expressionOf(each.one('expression')) })),
    span: cst.span,
  };
}

function skipOf(cst: Cst | undefined): SkipNode | undefined {
  if (cst === undefined) return undefined;
  const { span } = cst;
  if (cst.has('PAST')) return { to: 'PAST LAST ROW', variable: undefined, span };
  if (cst.has('NEXT')) return { to: 'NEXT ROW', variable: undefined, span };
  // TO x is TO LAST x.
  return { to: cst.has('FIRST') ? 'FIRST' : 'LAST', variable: cst.name(), span };
}

function alternativesOf(cst: Cst): PatternNode {
  const parts = cst.all('sequence').map(sequenceOf);
  return parts.length === 1 ? parts[0]! : { kind: 'alternatives', parts, span: cst.span };
}
function sequenceOf(cst: Cst): PatternNode {
  const parts = cst.all('factor').map(factorOf);
  return parts.length === 1 ? parts[0]! : { kind: 'sequence', parts, span: cst.span };
}
function factorOf(cst: Cst): PatternNode {
  const group = cst.maybe('alternatives');
  const { span } = cst;
  const part: PatternNode =
    group === undefined ? { kind: 'variable', name: cst.name(), span: cst.name().span } : alternativesOf(group);
  const quantifier = cst.maybe('quantifier');
  if (quantifier === undefined) return part;
  return { kind: 'repeat', part, ...timesOf(quantifier), reluctant: quantifier.has('reluctant'), span };
}

/** `{n}`, `{n,}`, `{n,m}`, `{,m}` and their short forms. */
function timesOf(cst: Cst): { readonly least: number; readonly most: number | undefined } {
  if (cst.has('Star')) return { least: 0, most: undefined };
  if (cst.has('Plus')) return { least: 1, most: undefined };
  if (cst.has('Question')) return { least: 0, most: 1 };
  const least = cst.tokens('IntegerLiteral')[0];
  const most = cst.maybe('most');
  const from = least === undefined ? 0 : Number(least.image);
  const to = most === undefined ? (cst.has('Comma') ? undefined : from) : Number(most.token('IntegerLiteral').image);
  if ((least === undefined && most === undefined) || (to !== undefined && (to < from || to === 0)))
    throw new SqlError('MATCH_INVALID', cst.span, {
      why: 'the pattern cannot be repeated so many times',
      hint: 'Write {3}, {3,}, {3,5} or {,5}.',
    });
  return { least: from, most: to };
}
