import { SqlError } from '../diagnostics/sql-error.ts';
import { intervalMs } from './intervals.ts';
import { intervalOf, intervalText, lengthOf, type Cst } from './cst.ts';
import type {
  BoundNode,
  ExpressionNode,
  FrameExclusionWord,
  FrameNode,
  OverNode,
  OverOption,
  OrderItem,
} from './expressions.ts';

/** Builds the parentheses of OVER from the rule `over`; an option that stands there twice is refused. */
export function buildOver(cst: Cst, expressionOf: (cst: Cst) => ExpressionNode): OverNode {
  const frame = cst.maybe('frame');
  const options = cst.all('overOption');
  const option = <V>(word: string, build: (option: Cst) => V): OverOption<V> | undefined => {
    const [first, second] = options.filter((each) => each.has(word));
    if (second !== undefined) throw new SqlError('OPTION_TWICE', second.span, { option: word });
    return first && { value: build(first), span: first.span };
  };
  return {
    kind: 'over',
    partitionBy: cst.all('expression').map(expressionOf),
    orderBy: cst.all('orderItem').map((item) => buildOrder(item, expressionOf)),
    frame: frame && frameOf(frame),
    exclude: option('EXCLUDE', (each) => exclusionOf(each.one('exclusion'))),
    maxSize: option('MAXSIZE', (each) => Number(each.token('IntegerLiteral').image)),
    tile: option('TILE', (each) => lengthOf(each.one('length'))),
    grace: option('GRACE', (each) => lengthOf(each.one('length'))),
    span: cst.span,
  };
}

/** Builds an item of ORDER BY, of a query or of a window. */
export const buildOrder = (cst: Cst, expressionOf: (cst: Cst) => ExpressionNode): OrderItem => ({
  expression: expressionOf(cst.one('expression')),
  descending: cst.has('DESC'),
  nullsFirst: cst.has('FIRST') ? true : cst.has('LAST') ? false : undefined,
  span: cst.span,
});

const exclusionOf = (cst: Cst): FrameExclusionWord =>
  cst
    .ownTokens()
    .map(({ tokenType }) => tokenType.name)
    .join(' ') as FrameExclusionWord;

function frameOf(cst: Cst): FrameNode {
  const { span } = cst;
  const [start, end = { kind: 'current', span } as const] = cst.all('bound').map(boundOf);
  return { unit: cst.has('ROWS') ? 'ROWS' : 'RANGE', start: start!, end, span };
}

function boundOf(cst: Cst): BoundNode {
  const { span } = cst;
  if (cst.has('CURRENT')) return { kind: 'current', span };
  const following = cst.has('FOLLOWING');
  if (cst.has('UNBOUNDED')) return { kind: 'unbounded', following, span };
  const interval = cst.maybe('interval');
  if (interval !== undefined) {
    const { text, unit } = intervalText(interval);
    intervalMs({ amount: 1, unit, span: interval.span });
    const amount = /^-?\d+(\.\d+)?$/.test(text) ? text : `${intervalOf(interval).amount}`;
    return { kind: 'offset', amount, unit, following, span };
  }
  const amount = cst.one('amount');
  const unit = amount.tokens('Unit')[0];
  const number = amount.ownTokens().filter((token) => token !== unit);
  return {
    kind: 'offset',
    amount: number.map(({ image }) => image).join(''),
    unit: unit?.image.toUpperCase(),
    following,
    span,
  };
}
