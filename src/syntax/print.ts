import { printMatch } from './print-match.ts';
import { reservedWords } from '../../grammar/keywords.ts';
import type {
  BoundNode,
  CallNode,
  ExpressionNode,
  InvokeArgument,
  InvokeNode,
  Name,
  OrderItem,
  OverNode,
  TypeNode,
} from './expressions.ts';
import {
  subqueryOf,
  type EvaluateNode,
  type InvokeClause,
  type JoinNode,
  type PropertyNode,
  type QueryNode,
  type SelectItem,
  type SourceNode,
  type WindowNode,
} from './query.ts';

const reserved = new Set(reservedWords);

/** A name as SQL, in back-quotes when it is reserved or not in upper case. */
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
    case 'sized':
      return `${printName(type.name)}(${type.sizes.join(', ')})`;
    case 'array':
      return `ARRAY<${printType(type.element)}>`;
    case 'map':
      return `MAP<${printType(type.key)}, ${printType(type.value)}>`;
    case 'struct':
      return `STRUCT<${type.fields.map((field) => `${printName(field.name)} ${printType(field.type)}`).join(', ')}>`;
  }
}

const list = (nodes: readonly ExpressionNode[]): string => nodes.map((node) => printExpression(node)).join(', ');

/** SQL text that parses to the same tree; compound operands are in parentheses. */
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
    case 'call':
      return printCall(node);
    case 'invoke':
      if (node.asFunction) return printPrediction(node);
      return `INVOKE MODEL ${printName(node.model.text)}${versionClause(node.version)}(${printInvokeArguments(node.args)})`;
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
    case 'inQuery':
      return `${inner(node.operand)} ${not(node.negated)}IN (${printQuery(subqueryOf(node))})`;
    case 'in':
      return `${inner(node.operand)} ${not(node.negated)}IN (${list(node.items)})`;
    case 'like':
      return `${inner(node.operand)} ${not(node.negated)}${node.ignoresCase ? 'ILIKE' : 'LIKE'} ${inner(node.pattern)}${node.escape === undefined ? '' : ` ESCAPE ${printString(node.escape)}`}`;
    case 'case': {
      const whens = node.whens
        .map(({ when, then }) => ` WHEN ${printExpression(when)} THEN ${printExpression(then)}`)
        .join('');
      const operand = node.operand === undefined ? '' : ` ${printExpression(node.operand)}`;
      return `CASE${operand}${whens}${node.otherwise === undefined ? '' : ` ELSE ${printExpression(node.otherwise)}`} END`;
    }
    case 'cast':
      return `${node.isTry ? 'TRY_CAST' : 'CAST'}(${printExpression(node.operand)} AS ${printType(node.type)})`;
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

function printCall({ name, star, args, distinct, filter, ignoreNulls, over }: CallNode): string {
  const inside = star ? '*' : `${distinct === undefined ? '' : 'DISTINCT '}${list(args)}`;
  return [
    `${printName(name.text)}(${inside})`,
    filter === undefined ? '' : ` FILTER (WHERE ${printExpression(filter)})`,
    ignoreNulls === undefined ? '' : ' IGNORE NULLS',
    over === undefined ? '' : ` OVER ${'kind' in over ? printOver(over) : printName(over.text)}`,
  ].join('');
}

function printOver({ partitionBy, orderBy, frame, exclude, maxSize, tile, grace }: OverNode): string {
  const parts = [
    partitionBy.length === 0 ? undefined : `PARTITION BY ${list(partitionBy)}`,
    orderBy.length === 0 ? undefined : `ORDER BY ${orderBy.map(printOrder).join(', ')}`,
    frame && `${frame.unit} BETWEEN ${printBound(frame.start)} AND ${printBound(frame.end)}`,
    exclude && `EXCLUDE ${exclude.value}`,
    maxSize && `MAXSIZE ${maxSize.value}`,
    tile && `TILE ${tile.value.text}`,
    grace && `GRACE PERIOD ${grace.value.text}`,
  ];
  return `(${parts.filter((part) => part !== undefined).join(' ')})`;
}

export function printBound(bound: BoundNode): string {
  if (bound.kind === 'current') return 'CURRENT ROW';
  const direction = bound.following ? 'FOLLOWING' : 'PRECEDING';
  if (bound.kind === 'unbounded') return `UNBOUNDED ${direction}`;
  return `${bound.amount}${bound.unit === undefined ? '' : ` ${bound.unit}`} ${direction}`;
}

const printOrder = ({ expression, descending, nullsFirst }: OrderItem): string =>
  `${printExpression(expression)}${descending ? ' DESC' : ''}${nullsFirst === undefined ? '' : nullsFirst ? ' NULLS FIRST' : ' NULLS LAST'}`;

/** A call of ML_PREDICT. */
function printPrediction({ model, version, args }: InvokeNode): string {
  const named = printString(`${printName(model.text)}${version === undefined ? '' : `$${version}`}`);
  return `ML_PREDICT(${[named, ...args!.map(({ expression }) => printExpression(expression))].join(', ')})`;
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

/** A number or an alias. */
export const printVersion = (version: string): string => (/^\d+$/.test(version) ? version : printString(version));
export const versionClause = (version: string | undefined): string =>
  version === undefined ? '' : ` VERSION ${printVersion(version)}`;

export function printProperties(properties: readonly PropertyNode[]): string {
  return properties.length === 0 ? '' : ` WITH ${printPropertyList(properties)}`;
}

/** Options in parentheses. */
export function printPropertyList(properties: readonly PropertyNode[]): string {
  const text = properties.map(
    ({ name, value }) =>
      `${/^[A-Z_][A-Z0-9_]*$/.test(name) && !reserved.has(name) ? name : printString(name)}=${typeof value === 'string' ? printString(value) : String(value).toUpperCase()}`,
  );
  return `(${text.join(', ')})`;
}

function printNamed({ name, query, window, match, file, asOf }: SourceNode): string {
  const text = name.text === '' ? '' : printName(name.text);
  if (file !== undefined) return `FILE(${printString(file)})${text === '' ? '' : ` AS ${text}`}`;
  if (asOf !== undefined) return `${text} FOR SYSTEM_TIME AS OF ${printExpression(asOf)}`;
  if (window !== undefined) {
    const args = [`TABLE ${text}`, `DESCRIPTOR(${printExpression(window.time)})`, ...window.args.map(printExpression)];
    return `TABLE(${printName(window.fn.text)}(${args.join(', ')}))`;
  }
  const pattern = match === undefined ? '' : printMatch(match, { printExpression, printName, printOrder });
  if (query?.evaluates !== undefined)
    return `${printEvaluation(query, query.evaluates)}${text === '' ? '' : ` AS ${text}`}`;
  return query === undefined
    ? `${text}${pattern}`
    : `(${printQuery(query)})${pattern}${text === '' ? '' : ` AS ${text}`}`;
}

function printEvaluation({ from, invokes }: QueryNode, { label, task, options }: EvaluateNode): string {
  const [{ model, version, args, properties }] = invokes as readonly [InvokeClause];
  const config = [...options, ...properties].map(
    ({ name, value }) =>
      `${printString(name)}, ${typeof value === 'string' ? printString(value) : String(value).toUpperCase()}`,
  );
  const parts = [
    `TABLE ${printName(from.name.text)}`,
    `MODEL ${printName(model.text)}${versionClause(version)}`,
    `DESCRIPTOR(${printName(label.text)})`,
    `DESCRIPTOR(${printInvokeArguments(args)})`,
    ...(task === undefined ? [] : [printString(task.text)]),
    ...(config.length === 0 ? [] : [`MAP[${config.join(', ')}]`]),
  ];
  return `ML_EVALUATE(${parts.join(', ')})`;
}

const printSource = (source: SourceNode): string =>
  printNamed(source) + (source.alias === undefined ? '' : ` AS ${printName(source.alias.text)}`);

function printJoin(join: JoinNode): string {
  const within = join.within;
  const grace = within?.grace === undefined ? '' : ` GRACE PERIOD ${within.grace.text}`;
  const span =
    within === undefined
      ? ''
      : ` WITHIN ${within.before === within.after ? within.before.text : `(${within.before.text}, ${within.after.text})`}${grace}`;
  return ` ${join.isAsOf === true ? 'ASOF ' : ''}${join.kind} JOIN ${printSource(join.source)}${span} ON ${printExpression(join.on)}`;
}

function printInvoke(clause: InvokeClause): string {
  const head = ` INVOKE MODEL ${printName(clause.model.text)}${versionClause(clause.version)} USING (${printInvokeArguments(clause.args)})`;
  const routeBy = clause.routeBy === undefined ? '' : ` ROUTE BY ${printExpression(clause.routeBy)}`;
  return `${head}${routeBy}${printProperties(clause.properties)} AS ${printName(clause.alias.text)}`;
}

export function printSelectItem(item: SelectItem): string {
  if (item.kind === 'all') return item.source === undefined ? '*' : `${printName(item.source.text)}.*`;
  if (item.kind === 'allFields') return `${printExpression(item.expression)}->*`;
  return printExpression(item.expression) + (item.alias === undefined ? '' : ` AS ${printName(item.alias.text)}`);
}

export function printWindow(window: WindowNode): string {
  const size = window.kind === 'SESSION' ? window.size.text : `SIZE ${window.size.text}`;
  const word = window.kind === 'CUMULATE' ? 'STEP' : 'ADVANCE BY';
  const advance = window.advance === undefined ? '' : `, ${word} ${window.advance.text}`;
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
  const order = query.orderBy.map(printOrder);
  return [
    query.with.length === 0
      ? ''
      : `WITH ${query.with.map(({ name, query: each }) => `${printName(name.text)} AS (${printQuery(each)})`).join(', ')} `,
    `SELECT ${query.distinct === undefined ? '' : 'DISTINCT '}${query.select.map(printSelectItem).join(', ')} FROM ${printSource(query.from)}`,
    ...query.joins.map(printJoin),
    ...query.invokes.map(printInvoke),
    query.window === undefined ? '' : printWindow(query.window),
    clause('WHERE', query.where),
    grouping('GROUP BY', query.groupBy),
    grouping('PARTITION BY', query.partitionBy),
    clause('HAVING', query.having),
    named.length === 0 ? '' : ` WINDOW ${named.join(', ')}`,
    clause('QUALIFY', query.qualify),
    ...query.union.map((branch) => ` UNION ALL ${printQuery({ ...branch, emit: undefined })}`),
    query.emit === undefined ? '' : ` EMIT ${query.emit}`,
    order.length === 0 ? '' : ` ORDER BY ${order.join(', ')}`,
    query.limit === undefined ? '' : ` LIMIT ${query.limit}`,
    query.offset === undefined ? '' : ` OFFSET ${query.offset}`,
  ].join('');
}
