import type { Catalog } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { viewQuery } from '../bind/views.ts';
import type { ExpressionNode, LiteralNode } from '../syntax/expressions.ts';
import { subqueryOf, type QueryNode, type SourceNode } from '../syntax/query.ts';
import { castBetween } from '../types/casts.ts';
import { decimalText } from '../types/decimals.ts';
import { STRING, typeText, type Long, type SqlType, type Value } from '../types/sql-type.ts';
import type { Span } from '../diagnostics/source.ts';
import type { QueryStream } from './client-rows.ts';
import { sizeOf } from './computed-pull.ts';
import type { Session } from './session.ts';

type Open = (query: QueryNode) => Promise<QueryStream>;
type InQuery = Extract<ExpressionNode, { kind: 'inQuery' }>;

/**
 * A pull query with the values of each subquery of IN in the subquery's place, which are read once, wherever it stands in WHERE. Queries
 * that go on are left as they are: their values change.
 */
export async function withValues(query: QueryNode, catalog: Catalog, session: Session, open: Open): Promise<QueryNode> {
  if (query.emit !== undefined) return query;
  const reader = new Values(catalog, session.read('ksql.query.pull.memory.bytes'), open);
  const read = await reader.inQuery(query, []);
  return reader.count === 0 ? query : { ...read, once: true };
}

class Values {
  readonly #catalog: Catalog;
  readonly #bytes: number;
  readonly #open: Open;
  /** How many subqueries were read. */
  count = 0;
  #held = 0;

  constructor(catalog: Catalog, bytes: number, open: Open) {
    this.#catalog = catalog;
    this.#bytes = bytes;
    this.#open = open;
  }

  /** `outer`: the queries of WITH that a subquery sees. */
  async inQuery(query: QueryNode, outer: QueryNode['with']): Promise<QueryNode> {
    const named = [...outer, ...query.with];
    const parts: QueryNode['with'][number][] = [];
    for (const part of query.with) parts.push({ ...part, query: await this.inQuery(part.query, [...outer, ...parts]) });
    const from = await this.#inSource(query.from, named);
    const joins: QueryNode['joins'][number][] = [];
    for (const join of query.joins) joins.push({ ...join, source: await this.#inSource(join.source, named) });
    const where = query.where && (await this.#inExpression(query.where, named));
    return { ...query, with: parts, from, joins, where };
  }

  async #inSource(node: SourceNode, named: QueryNode['with']): Promise<SourceNode> {
    if (node.query !== undefined) return { ...node, query: await this.inQuery(node.query, named) };
    const view = this.#catalog.views.get(node.name.text);
    if (view === undefined || named.some(({ name }) => name.text === node.name.text)) return node;
    const before = this.count;
    const query = await this.inQuery(viewQuery(view), []);
    return this.count === before ? node : { ...node, name: node.alias ?? node.name, alias: undefined, query };
  }

  async #inExpression(node: ExpressionNode, named: QueryNode['with']): Promise<ExpressionNode> {
    if (node.kind === 'inQuery') return this.#valuesOf(node, named);
    if (node.kind === 'not') return { ...node, operand: await this.#inExpression(node.operand, named) };
    if (node.kind !== 'logic') return node;
    // Without recursion to the left: a chain of AND may be deeper than the stack.
    const chain: Extract<ExpressionNode, { kind: 'logic' }>[] = [];
    let first: ExpressionNode = node;
    for (; first.kind === 'logic'; first = first.left) chain.push(first);
    let left = await this.#inExpression(first, named);
    for (const part of chain.toReversed()) left = { ...part, left, right: await this.#inExpression(part.right, named) };
    return left;
  }

  async #valuesOf(node: InQuery, named: QueryNode['with']): Promise<ExpressionNode> {
    const { operand, negated, span } = node;
    const query = subqueryOf(node);
    this.count++;
    const rows = await this.#open({ ...query, with: [...named, ...query.with] });
    const items = new Map<string, LiteralNode>();
    try {
      const [column, ...others] = rows.columns;
      if (others.length > 0)
        throw new SqlError('SUBQUERY_INVALID', query.span, {
          why: `it gives one column, not ${rows.columns.length}`,
          hint: 'Select the column that is compared: … IN (SELECT id FROM t).',
        });
      for await (const batch of rows.rows())
        for (const { values } of batch) {
          this.#held += sizeOf(values);
          if (this.#held > this.#bytes) throw new SqlError('PULL_TOO_LARGE', query.span, { bytes: this.#bytes });
          const value = values[0] ?? null;
          // NULL equals nothing.
          if (value === null) continue;
          const item = literalOf(value, column!.type, query.span);
          items.set(item.value!, item);
        }
    } finally {
      rows.close();
    }
    return { kind: 'in', operand, items: [...items.values()], negated, span };
  }
}

function literalOf(value: Value, type: SqlType, span: Span): LiteralNode {
  const of = (literal: LiteralNode['literal'], text: string): LiteralNode => ({
    kind: 'literal',
    literal,
    value: text,
    span,
  });
  switch (type.kind) {
    case 'STRING':
      return of('string', value as string);
    case 'BOOLEAN':
      return of('boolean', String(value).toUpperCase());
    case 'INTEGER':
    case 'BIGINT':
      return of('integer', String(value));
    case 'DOUBLE':
      return of('double', String(value));
    case 'DECIMAL':
      return of('decimal', decimalText(value as Long, type.scale));
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
      return of('string', castBetween(type, STRING)!(value) as string);
    default:
      throw new SqlError('SUBQUERY_INVALID', span, {
        why: `its column is ${typeText(type)}, which has no literals`,
        hint: 'Compare a part of it, or its text: … IN (SELECT CAST(x AS STRING) FROM t).',
      });
  }
}
