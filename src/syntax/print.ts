import { reservedWords } from '../../grammar/keywords.ts';
import type { BoundNode, ExpressionNode, InvokeArgument, Name, OverNode, TypeNode } from './expressions.ts';
import type { InvokeClause, JoinNode, PropertyNode, QueryNode, SelectItem, SourceNode, WindowNode } from './query.ts';

const reserved = new Set(reservedWords);

/** A name as SQL, back-quoted when it is reserved or would not fold back to itself. */
export function printName(name: string): string {
  return /^[A-Z_][A-Z0-9_@]*$/.test(name) && !reserved.has(name) ? name : `\`${name.replaceAll('`', '``')}\``;
}

export const printString = (text: string): string => `'${text.replaceAll("'", "''")}'`;

export function printType(type: TypeNode): string {
  switch (type.kind) {
    case 'named':
      return printName(type.name);
    case 'decimal':
      return `DECIMAL(${type.precision}, ${type.scale})`;
    case 'array':
      return `ARRAY<${printType(type.element)}>`;
    case 'map':
      return `MAP<${printType(type.key)}, ${printType(type.value)}>`;
    case 'struct':
      return `STRUCT<${type.fields.map((field) => `${printName(field.name)} ${printType(field.type)}`).join(', ')}>`;
  }
}

const list = (nodes: readonly ExpressionNode[]): string => nodes.map((node) => printExpression(node)).join(', ');

/** SQL text that parses to the same tree; every compound operand is in parentheses. */
export function printExpression(node: ExpressionNode): string {
  const inner = (operand: ExpressionNode): string => {
    const text = printExpression(operand);
    return ['column', 'literal', 'call', 'field', 'subscript', 'cast', 'array', 'map', 'struct', 'case'].includes(
      operand.kind,
    )
      ? text
      : `(${text})`;
  };
  const not = (negated: boolean): string => (negated ? 'NOT ' : '');
  switch (node.kind) {
    case 'literal':
      return node.literal === 'string' ? printString(node.value!) : (node.value ?? 'NULL');
    case 'column':
      return node.qualifier === undefined
        ? printName(node.name.text)
        : `${printName(node.qualifier.text)}.${printName(node.name.text)}`;
    case 'call': {
      const over =
        node.over === undefined
          ? ''
          : ` OVER ${'kind' in node.over ? printOver(node.over) : printName(node.over.text)}`;
      return `${printName(node.name.text)}(${node.star ? '*' : list(node.args)})${over}`;
    }
    case 'invoke':
      return `INVOKE MODEL ${printName(node.model.text)}${printVersion(node.version)}(${printInvokeArguments(node.args)})`;
    case 'unary':
      return `${node.op}${inner(node.operand)}`;
    case 'binary':
    case 'compare':
    case 'logic':
      return `${inner(node.left)} ${node.op} ${inner(node.right)}`;
    case 'not':
      return `NOT ${inner(node.operand)}`;
    case 'isNull':
      return `${inner(node.operand)} IS ${not(node.negated)}NULL`;
    case 'distinct':
      return `${inner(node.left)} IS ${not(node.negated)}DISTINCT FROM ${inner(node.right)}`;
    case 'between':
      return `${inner(node.operand)} ${not(node.negated)}BETWEEN ${inner(node.low)} AND ${inner(node.high)}`;
    case 'in':
      return `${inner(node.operand)} ${not(node.negated)}IN (${list(node.items)})`;
    case 'like':
      return `${inner(node.operand)} ${not(node.negated)}LIKE ${inner(node.pattern)}${node.escape === undefined ? '' : ` ESCAPE ${printString(node.escape)}`}`;
    case 'case': {
      const whens = node.whens
        .map(({ when, then }) => ` WHEN ${printExpression(when)} THEN ${printExpression(then)}`)
        .join('');
      const operand = node.operand === undefined ? '' : ` ${printExpression(node.operand)}`;
      return `CASE${operand}${whens}${node.otherwise === undefined ? '' : ` ELSE ${printExpression(node.otherwise)}`} END`;
    }
    case 'cast':
      return `CAST(${printExpression(node.operand)} AS ${printType(node.type)})`;
    case 'subscript':
      return `${inner(node.operand)}[${inner(node.index)}]`;
    case 'field':
      return `${inner(node.operand)}->${printName(node.field.text)}`;
    case 'array':
      return `ARRAY[${list(node.items)}]`;
    case 'map':
      return `MAP(${node.entries.map(({ key, value }) => `${printExpression(key)} := ${printExpression(value)}`).join(', ')})`;
    case 'struct':
      return `STRUCT(${node.fields.map(({ name, value }) => `${printName(name.text)} := ${printExpression(value)}`).join(', ')})`;
    case 'lambda':
      return `(${node.params.map((param) => printName(param.text)).join(', ')}) => ${printExpression(node.body)}`;
    case 'unit':
      return node.unit;
    case 'interval':
      return `INTERVAL '${node.amount}' ${node.unit}`;
    case 'typed':
      return `${node.type === 'DECIMAL' ? node.type : printName(node.type)} ${printString(node.text)}`;
    case 'atTimeZone':
      return `${inner(node.operand)} AT TIME ZONE ${printString(node.zone)}`;
  }
}

function printInvokeArguments(args: readonly InvokeArgument[] | undefined): string {
  if (args === undefined) return '*';
  return args
    .map(
      ({ expression, input }) =>
        `${printExpression(expression)}${input === undefined ? '' : ` AS ${printName(input.text)}`}`,
    )
    .join(', ');
}

const printVersion = (version: string | undefined): string =>
  version === undefined ? '' : ` VERSION ${/^\d+$/.test(version) ? version : printString(version)}`;

function printOver(over: OverNode): string {
  const parts: string[] = [];
  if (over.partitionBy.length > 0) parts.push(`PARTITION BY ${list(over.partitionBy)}`);
  if (over.orderBy.length > 0) {
    parts.push(
      `ORDER BY ${over.orderBy.map(({ expression, descending }) => printExpression(expression) + (descending ? ' DESC' : '')).join(', ')}`,
    );
  }
  if (over.frame !== undefined)
    parts.push(`${over.frame.unit} BETWEEN ${printBound(over.frame.start)} AND ${printBound(over.frame.end)}`);
  if (over.maxSize !== undefined) parts.push(`MAXSIZE ${over.maxSize}`);
  return `(${parts.join(' ')})`;
}

function printBound(bound: BoundNode): string {
  if (bound.kind === 'unbounded') return 'UNBOUNDED PRECEDING';
  if (bound.kind === 'current') return 'CURRENT ROW';
  return bound.unit === undefined ? `${bound.amount} PRECEDING` : `INTERVAL '${bound.amount}' ${bound.unit} PRECEDING`;
}

export function printProperties(properties: readonly PropertyNode[]): string {
  if (properties.length === 0) return '';
  const text = properties.map(
    ({ name, value }) =>
      `${/^[A-Z_][A-Z0-9_]*$/.test(name) && !reserved.has(name) ? name : printString(name)}=${typeof value === 'string' ? printString(value) : String(value).toUpperCase()}`,
  );
  return ` WITH (${text.join(', ')})`;
}

const printSource = (source: SourceNode): string =>
  (source.query === undefined ? '' : `(${printQuery(source.query)}) AS `) +
  printName(source.name.text) +
  (source.alias === undefined ? '' : ` AS ${printName(source.alias.text)}`);

function printJoin(join: JoinNode): string {
  const within = join.within;
  const grace = within?.grace === undefined ? '' : ` GRACE PERIOD ${within.grace.text}`;
  const span =
    within === undefined
      ? ''
      : ` WITHIN ${within.before === within.after ? within.before.text : `(${within.before.text}, ${within.after.text})`}${grace}`;
  return ` ${join.kind} JOIN ${printSource(join.source)}${span} ON ${printExpression(join.on)}`;
}

function printInvoke(clause: InvokeClause): string {
  const head = ` INVOKE MODEL ${printName(clause.model.text)}${printVersion(clause.version)} USING (${printInvokeArguments(clause.args)})`;
  return `${head}${printProperties(clause.properties)} AS ${printName(clause.alias.text)}`;
}

function printSelectItem(item: SelectItem): string {
  if (item.kind === 'all') return item.source === undefined ? '*' : `${printName(item.source.text)}.*`;
  if (item.kind === 'allFields') return `${printExpression(item.expression)}->*`;
  return printExpression(item.expression) + (item.alias === undefined ? '' : ` AS ${printName(item.alias.text)}`);
}

function printWindow(window: WindowNode): string {
  const size = window.kind === 'SESSION' ? window.size.text : `SIZE ${window.size.text}`;
  const advance = window.advance === undefined ? '' : `, ADVANCE BY ${window.advance.text}`;
  const retention = window.retention === undefined ? '' : `, RETENTION ${window.retention.text}`;
  const grace = window.grace === undefined ? '' : `, GRACE PERIOD ${window.grace.text}`;
  return ` WINDOW ${window.kind} (${size}${advance}${retention}${grace})`;
}

export function printQuery(query: QueryNode): string {
  const clause = (word: string, node: ExpressionNode | undefined): string =>
    node === undefined ? '' : ` ${word} ${printExpression(node)}`;
  const grouping = (word: string, nodes: readonly ExpressionNode[] | undefined): string =>
    nodes === undefined
      ? ''
      : nodes.length === 1
        ? ` ${word} ${printExpression(nodes[0]!)}`
        : ` ${word} (${list(nodes)})`;
  const named = query.namedWindows.map(
    ({ name, over }: { name: Name; over: OverNode }) => `${printName(name.text)} AS ${printOver(over)}`,
  );
  const order = query.orderBy.map(
    ({ expression, descending, nullsFirst }) =>
      `${printExpression(expression)}${descending ? ' DESC' : ''}${nullsFirst === undefined ? '' : nullsFirst ? ' NULLS FIRST' : ' NULLS LAST'}`,
  );
  return [
    query.with.length === 0
      ? ''
      : `WITH ${query.with.map(({ name, query: each }) => `${printName(name.text)} AS (${printQuery(each)})`).join(', ')} `,
    `SELECT ${query.select.map(printSelectItem).join(', ')} FROM ${printSource(query.from)}`,
    ...query.joins.map(printJoin),
    ...query.invokes.map(printInvoke),
    query.window === undefined ? '' : printWindow(query.window),
    clause('WHERE', query.where),
    grouping('GROUP BY', query.groupBy),
    grouping('PARTITION BY', query.partitionBy),
    clause('HAVING', query.having),
    named.length === 0 ? '' : ` WINDOW ${named.join(', ')}`,
    ...query.union.map((each) => ` UNION ALL ${printQuery({ ...each, emit: undefined })}`),
    query.emit === undefined ? '' : ` EMIT ${query.emit}`,
    order.length === 0 ? '' : ` ORDER BY ${order.join(', ')}`,
    query.limit === undefined ? '' : ` LIMIT ${query.limit}`,
  ].join('');
}
