import type { CstNode, IToken } from 'chevrotain';
import { cover, type Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { InternalError } from '../util/internal-error.ts';
import { buildOrder, buildOver } from './build-over.ts';
import { Cst, intervalOf, nameText, stringText, typeOf, versionText } from './cst.ts';
import type { QueryNode } from './query.ts';
import type {
  BinaryOperator,
  CallNode,
  Comparison,
  ExpressionNode,
  InvokeArgument,
  InvokeNode,
  LiteralNode,
  Name,
  OrderItem,
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

/** Set by the builder of queries, which needs that of expressions. */
export const builders: { query: (cst: Cst) => QueryNode } = {
  query: () => {
    throw new InternalError('queries have no builder');
  },
};

function predicateOf(cst: Cst): ExpressionNode {
  const values = cst.all('value').map(valueOf);
  const { span } = cst;
  const test = cst.maybe('comparison');
  return test === undefined ? values[0]! : comparisonOf(test, values[0]!, span);
}

function comparisonOf(cst: Cst, operand: ExpressionNode, span: Span): ExpressionNode {
  const values = [operand, ...cst.all('value').map(valueOf)];
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
  if (cst.has('query')) return { kind: 'inQuery', operand, query: builders.query(cst.one('query')), negated, span };
  if (cst.has('IN')) return { kind: 'in', operand, items: cst.all('expression').map(expressionOf), negated, span };
  if (cst.has('LIKE') || cst.has('ILIKE')) {
    const escape = cst.tokens('StringLiteral')[0];
    if (escape !== undefined && [...stringText(escape.image)].length !== 1)
      throw new SqlError('INVALID_ESCAPE', cst.spanOf(escape), {});
    const ignoresCase = cst.has('ILIKE');
    const pattern = values[1]!;
    return { kind: 'like', operand, pattern, ignoresCase, escape: escape && stringText(escape.image), negated, span };
  }
  throw new InternalError('no comparison');
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
    if (accessor.has('type'))
      expression = { kind: 'cast', operand: expression, type: typeOf(accessor.one('type')), isTry: false, span };
    else if (accessor.has('Arrow')) expression = { kind: 'field', operand: expression, field: accessor.name(), span };
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
  call: (cst) => predictionOf(callOf(cst)),
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
  castExpression: (cst) => castOf(cst, false),
  tryCast: (cst) => castOf(cst, true),
  extract: (cst) => {
    const part = cst.ownTokens()[2]!;
    const name: LiteralNode = {
      kind: 'literal',
      literal: 'string',
      value: nameText(part.image),
      span: cst.spanOf(part),
    };
    return plainCall(cst, [name, expressionOf(cst.one('expression'))]);
  },
  jsonObject: (cst) =>
    plainCall(
      cst,
      cst.all('jsonEntry').flatMap((entry): ExpressionNode[] => {
        const name = entry.token('StringLiteral');
        return [
          { kind: 'literal', literal: 'string', value: stringText(name.image), span: entry.spanOf(name) },
          expressionOf(entry.one('expression')),
        ];
      }),
    ),
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

/** A call that is written with words of its own between its arguments; its first token is its name. */
function plainCall(cst: Cst, args: readonly ExpressionNode[]): CallNode {
  const name = cst.ownTokens()[0]!;
  return {
    kind: 'call',
    name: { text: nameText(name.image), span: cst.spanOf(name) },
    star: false,
    args,
    distinct: undefined,
    filter: undefined,
    ignoreNulls: undefined,
    over: undefined,
    span: cst.span,
  };
}

const castOf = (cst: Cst, isTry: boolean): ExpressionNode => ({
  kind: 'cast',
  operand: expressionOf(cst.one('expression')),
  type: typeOf(cst.one('type')),
  isTry,
  span: cst.span,
});

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

function callOf(cst: Cst): CallNode {
  const over = cst.maybe('overTarget');
  const distinct = cst.tokens('DISTINCT')[0];
  const filters = cst.all('filter');
  const treatments = cst.all('nullTreatment');
  const twice = filters[1] ?? treatments[1];
  if (twice !== undefined) throw new SqlError('OPTION_TWICE', twice.span, { option: optionText(twice) });
  const ignoring = treatments.find((treatment) => treatment.has('IGNORE'));
  return {
    kind: 'call',
    name: cst.name(),
    star: cst.has('Star'),
    args: cst.all('argument').map(argumentOf),
    distinct: distinct && { span: cst.spanOf(distinct) },
    filter: filters[0] && expressionOf(filters[0].one('expression')),
    ignoreNulls: ignoring && { span: ignoring.span },
    over: over && overTargetOf(over),
    span: cst.span,
  };
}

/** `ML_PREDICT('m$2', a, b)`: the call of a model, which is named in a string or as a name. */
function predictionOf(call: CallNode): CallNode | InvokeNode {
  const [named, ...args] = call.args;
  const inString = named?.kind === 'literal' && named.literal === 'string' ? named.value! : undefined;
  const asName = named?.kind === 'column' && named.qualifier === undefined ? named.name.text : undefined;
  const text = inString ?? asName;
  if (call.name.text !== 'ML_PREDICT') return call;
  if (text === undefined)
    throw new SqlError('CALL_INVALID', call.span, {
      why: 'ML_PREDICT takes the name of a model first',
      hint: "Write it in quotes, a version behind it where it matters: ML_PREDICT('model$2', input, …).",
    });
  const [, name, version] = /^(`.*`|.*?)(?:\$(\w+))?$/s.exec(text)!;
  return {
    kind: 'invoke',
    model: { text: inString === undefined ? name! : nameText(name!), span: named!.span },
    version: version?.toUpperCase(),
    args: args.map((expression) => ({ expression, input: undefined })),
    asFunction: true,
    span: call.span,
  };
}

const optionText = (cst: Cst): string => (cst.has('NULLS') ? 'IGNORE NULLS or RESPECT NULLS' : 'FILTER (WHERE …)');

function overTargetOf(cst: Cst): OverNode | Name {
  const over = cst.maybe('over');
  if (over === undefined) return cst.name();
  return over.has('name') ? over.name() : overOf(over);
}
export const overOf = (cst: Cst): OverNode => buildOver(cst, expressionOf);
export const orderItemOf = (cst: Cst): OrderItem => buildOrder(cst, expressionOf);

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
    asFunction: false,
    span: cst.span,
  };
}
