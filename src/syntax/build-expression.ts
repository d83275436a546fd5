import type { CstNode, IToken } from 'chevrotain';
import { cover } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { InternalError } from '../util/internal-error.ts';
import { Cst, nameText, stringText, typeOf, versionText } from './cst.ts';
import type {
  BinaryOperator,
  BoundNode,
  CallNode,
  Comparison,
  ExpressionNode,
  InvokeArgument,
  InvokeNode,
  LiteralNode,
  Name,
  OverNode,
} from './expressions.ts';

/** Builds an expression from the rule `expression`. */
export function expressionOf(cst: Cst): ExpressionNode {
  const operands = cst.all('negation').map(negationOf);
  const operators = cst.ownTokens().map((token) => token.tokenType.name as 'AND' | 'OR');
  // AND binds tighter than OR; both are left-associative.
  const terms: ExpressionNode[] = [operands[0]!];
  operators.forEach((op, i) => {
    const right = operands[i + 1]!;
    if (op === 'OR') terms.push(right);
    else terms.push(logic('AND', terms.pop()!, right));
  });
  return terms.reduce((left, right) => logic('OR', left, right));
}

function logic(op: 'AND' | 'OR', left: ExpressionNode, right: ExpressionNode): ExpressionNode {
  return { kind: 'logic', op, left, right, span: cover(left.span, right.span) };
}

function negationOf(cst: Cst): ExpressionNode {
  let expression = predicateOf(cst.one('predicate'));
  for (let i = 0; i < cst.tokens('NOT').length; i++) expression = { kind: 'not', operand: expression, span: cst.span };
  return expression;
}

function predicateOf(cst: Cst): ExpressionNode {
  const values = cst.all('value').map(valueOf);
  const operand = values[0]!;
  const { span } = cst;
  const negated = cst.has('NOT');
  const comparator = cst.maybe('comparator');
  if (comparator !== undefined) {
    const image = comparator.ownTokens()[0]!.image;
    return {
      kind: 'compare',
      op: (image === '!=' ? '<>' : image) as Comparison,
      left: operand,
      right: values[1]!,
      span,
    };
  }
  if (cst.has('NULL')) return { kind: 'isNull', operand, negated, span };
  if (cst.has('DISTINCT')) return { kind: 'distinct', left: operand, right: values[1]!, negated, span };
  if (cst.has('BETWEEN')) return { kind: 'between', operand, low: values[1]!, high: values[2]!, negated, span };
  if (cst.has('IN')) return { kind: 'in', operand, items: cst.all('expression').map(expressionOf), negated, span };
  if (cst.has('LIKE')) {
    const escape = cst.tokens('StringLiteral')[0];
    if (escape !== undefined && [...stringText(escape.image)].length !== 1)
      throw new SqlError('INVALID_ESCAPE', cst.spanOf(escape), {});
    return { kind: 'like', operand, pattern: values[1]!, escape: escape && stringText(escape.image), negated, span };
  }
  return operand;
}

const precedence: Record<BinaryOperator, number> = { '||': 1, '+': 2, '-': 2, '*': 3, '/': 3, '%': 3 };

/** Precedence climbing over the flat list `unary (operator unary)*`. */
function valueOf(cst: Cst): ExpressionNode {
  const operands = cst.all('unary').map(unaryOf);
  const operators = cst.all('operator').map((operator) => operator.ownTokens()[0]!.image as BinaryOperator);
  let at = 0;
  const climb = (minimum: number): ExpressionNode => {
    let left = operands[at]!;
    while (at < operators.length && precedence[operators[at]!] >= minimum) {
      const op = operators[at]!;
      at++;
      const right = climb(precedence[op] + 1);
      left = { kind: 'binary', op, left, right, span: cover(left.span, right.span) };
    }
    return left;
  };
  return climb(1);
}

function unaryOf(cst: Cst): ExpressionNode {
  let expression = primaryOf(cst.one('primary'));
  for (const accessor of cst.all('accessor')) {
    const span = cover(expression.span, accessor.span);
    if (accessor.has('Arrow')) expression = { kind: 'field', operand: expression, field: accessor.name(), span };
    else if (accessor.has('ZONE'))
      expression = {
        kind: 'atTimeZone',
        operand: expression,
        zone: stringText(accessor.token('StringLiteral').image),
        span,
      };
    else expression = { kind: 'subscript', operand: expression, index: valueOf(accessor.one('value')), span };
  }
  for (const sign of cst.ownTokens().reverse()) {
    expression = {
      kind: 'unary',
      op: sign.image as '+' | '-',
      operand: expression,
      span: cover(cst.spanOf(sign), expression.span),
    };
  }
  return expression;
}

function primaryOf(cst: Cst): ExpressionNode {
  const [rule, children] = Object.entries(cst.node.children).find(
    ([key]) => key !== 'LeftParen' && key !== 'RightParen',
  )!;
  const child = new Cst(children[0] as CstNode, cst.source);
  const build = primaries[rule];
  if (build === undefined) throw new InternalError(`no builder for ${rule}`);
  return build(child);
}

const primaries: Record<string, (cst: Cst) => ExpressionNode> = {
  literal: literalOf,
  expression: expressionOf,
  column: (cst) => {
    const names = cst.all('name').map((name) => name.asName());
    const [first, second] = names;
    return second === undefined
      ? { kind: 'column', qualifier: undefined, name: first!, span: cst.span }
      : { kind: 'column', qualifier: first, name: second, span: cst.span };
  },
  call: callOf,
  caseExpression: (cst) => {
    const expressions = cst.all('expression').map(expressionOf);
    const hasElse = cst.has('ELSE');
    const whens = cst.all('whenClause').map((when) => {
      const [condition, result] = when.all('expression').map(expressionOf);
      return { when: condition!, then: result! };
    });
    return {
      kind: 'case',
      operand: expressions.length > (hasElse ? 1 : 0) ? expressions[0] : undefined,
      whens,
      otherwise: hasElse ? expressions.at(-1) : undefined,
      span: cst.span,
    };
  },
  castExpression: (cst) => ({
    kind: 'cast',
    operand: expressionOf(cst.one('expression')),
    type: typeOf(cst.one('type')),
    span: cst.span,
  }),
  invokeExpression: invokeOf,
  arrayConstructor: (cst) => ({ kind: 'array', items: cst.all('expression').map(expressionOf), span: cst.span }),
  mapConstructor: (cst) => ({
    kind: 'map',
    entries: cst.all('mapEntry').map((entry) => {
      const [key, value] = entry.all('expression').map(expressionOf);
      return { key: key!, value: value! };
    }),
    span: cst.span,
  }),
  structConstructor: (cst) => ({
    kind: 'struct',
    fields: cst
      .all('structEntry')
      .map((entry) => ({ name: entry.name(), value: expressionOf(entry.one('expression')) })),
    span: cst.span,
  }),
  interval: (cst) => ({ kind: 'interval', ...intervalOf(cst), span: cst.span }),
  typedLiteral: (cst) => ({
    kind: 'typed',
    type: nameText(cst.ownTokens()[0]!.image),
    text: stringText(cst.token('StringLiteral').image),
    span: cst.span,
  }),
};

function literalOf(cst: Cst): LiteralNode {
  const token = cst.ownTokens()[0]!;
  const span = cst.spanOf(token);
  const literal = (kind: LiteralNode['literal'], value: string | null): LiteralNode => ({
    kind: 'literal',
    literal: kind,
    value,
    span,
  });
  switch (token.tokenType.name) {
    case 'StringLiteral':
      return literal('string', stringText(token.image));
    case 'IntegerLiteral':
      if (BigInt(token.image) > 9223372036854775808n)
        throw new SqlError('NUMBER_OUT_OF_RANGE', span, { text: token.image, range: 'BIGINT' });
      return literal('integer', token.image);
    case 'DecimalLiteral':
      return literal('decimal', token.image);
    case 'FloatLiteral':
      if (!Number.isFinite(Number(token.image)))
        throw new SqlError('NUMBER_OUT_OF_RANGE', span, { text: token.image, range: 'DOUBLE' });
      return literal('double', token.image);
    case 'NULL':
      return literal('null', null);
    default:
      return literal('boolean', token.image.toUpperCase());
  }
}

function intervalOf(cst: Cst): { amount: number; unit: string } {
  const quoted = cst.tokens('StringLiteral')[0];
  const text = quoted === undefined ? cst.token('IntegerLiteral').image : stringText(quoted.image);
  if (!/^\d{1,15}$/.test(text))
    throw new SqlError('NUMBER_OUT_OF_RANGE', cst.span, { text, range: 'whole numbers of an interval' });
  return { amount: Number(text), unit: cst.token('Unit').image.toUpperCase() };
}

function callOf(cst: Cst): CallNode {
  const over = cst.maybe('overTarget');
  return {
    kind: 'call',
    name: cst.name(),
    star: cst.has('Star'),
    args: cst.all('argument').map(argumentOf),
    over: over === undefined ? undefined : over.has('over') ? overOf(over.one('over')) : over.name(),
    span: cst.span,
  };
}

function argumentOf(cst: Cst): ExpressionNode {
  const unit: IToken | undefined = cst.tokens('Unit')[0];
  if (unit !== undefined) return { kind: 'unit', unit: unit.image.toUpperCase(), span: cst.span };
  const lambda = cst.maybe('lambda');
  if (lambda === undefined) return expressionOf(cst.one('expression'));
  const params: Name[] = lambda.all('name').map((name) => name.asName());
  return { kind: 'lambda', params, body: expressionOf(lambda.one('expression')), span: lambda.span };
}

export function invokeArgumentsOf(cst: Cst, rule: 'invokeArgument' | 'clauseArgument'): InvokeArgument[] | undefined {
  if (cst.has('Star')) return undefined;
  return cst.all(rule).map((arg) => ({
    expression: expressionOf(arg.one('expression')),
    input: arg.has('name') ? arg.name() : undefined,
  }));
}

function invokeOf(cst: Cst): InvokeNode {
  const version = cst.maybe('version');
  return {
    kind: 'invoke',
    model: cst.name(),
    version: version && versionText(version),
    args: invokeArgumentsOf(cst, 'invokeArgument'),
    span: cst.span,
  };
}

export function overOf(cst: Cst): OverNode {
  const size = cst.tokens('IntegerLiteral')[0];
  const bounds = cst.all('bound').map(boundOf);
  return {
    kind: 'over',
    partitionBy: cst.all('expression').map(expressionOf),
    orderBy: cst
      .all('orderItem')
      .map((item) => ({ expression: expressionOf(item.one('expression')), descending: item.has('DESC') })),
    frame:
      bounds.length === 0
        ? undefined
        : { unit: cst.has('ROWS') ? 'ROWS' : 'RANGE', start: bounds[0]!, end: bounds[1]! },
    maxSize: size === undefined ? undefined : Number(size.image),
    span: cst.span,
  };
}

function boundOf(cst: Cst): BoundNode {
  if (cst.has('UNBOUNDED')) return { kind: 'unbounded' };
  if (cst.has('CURRENT')) return { kind: 'current' };
  const interval = cst.maybe('interval');
  if (interval !== undefined) return { kind: 'preceding', ...intervalOf(interval) };
  return {
    kind: 'preceding',
    amount: Number(cst.token('IntegerLiteral').image),
    unit: cst.tokens('Unit')[0]?.image.toUpperCase(),
  };
}
