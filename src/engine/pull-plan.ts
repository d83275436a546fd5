import { Catalog, type SourceObject } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { conjuncts, literalValue, type Expr } from '../expressions/node.ts';
import { findFormat } from '../formats/index.ts';
import type { StepColumn } from '../plan/physical/steps/base.ts';
import { allSteps, type SourceStep } from '../plan/physical/step.ts';
import type { Change } from '../runtime/change.ts';
import { ignoreFailures } from '../runtime/failures.ts';
import { noConflation } from '../runtime/run-settings.ts';
import { compileWhere } from '../runtime/source-decoder.ts';
import { LocalTopology } from '../runtime/topology.ts';
import { conjunctsOf, type ExpressionNode, type LiteralNode } from '../syntax/expressions.ts';
import type { QueryNode } from '../syntax/query.ts';
import { castBetween } from '../types/casts.ts';
import { keyColumns, valueColumns } from '../types/schema.ts';
import type { Value, Row } from '../types/sql-type.ts';
import type { Engine } from './engine.ts';
import { noState } from './no-state.ts';
import { planTransient } from './plan-query.ts';
import type { Session } from './session.ts';

/** What a pull query on a table runs on, whatever key it asks for: it keeps nothing between two runs. */
export interface PreparedPull {
  readonly columns: readonly StepColumn[];
  /** The table, and the query that holds it. */
  readonly source: string;
  readonly queryId: string;
  readonly step: SourceStep;
  readonly topology: LocalTopology;
  /** What is left of WHERE. */
  readonly matches: ((row: Row) => boolean) | undefined;
  /** A row of the table's state as the query reads it. */
  readonly rowOf: (change: Change) => Row;
  /** The keys that WHERE allows, where it fixes every key column otherwise than by single values; undefined means a scan. */
  readonly keys: readonly Row[] | undefined;
}

type Named = ReadonlyMap<string, { readonly query: QueryNode; readonly named: Named }>;

/** A query and those that it reads one from another, as subqueries or by names of WITH: the last reads a source. */
export function pulledQueries(query: QueryNode, outer: Named = new Map()): readonly QueryNode[] {
  let named = outer;
  for (const each of query.with) named = new Map([...named, [each.name.text, { query: each.query, named }]]);
  const { from } = query;
  const inner = from.query === undefined ? named.get(from.name.text) : { query: from.query, named };
  return inner === undefined ? [query] : [query, ...pulledQueries(inner.query, inner.named)];
}

/** Queries that were prepared, by their text without the keys; those of an older catalogue are gone with it. */
const cache = new WeakMap<Catalog, Map<string, PreparedPull>>();
const cachedQueries = 200;

/** Prepares a pull query on a table, or finds it prepared, and gives the keys that it asks for; undefined is a scan. */
export function preparedPull(
  query: QueryNode,
  engine: Engine,
  session: Session,
): { readonly prepared: PreparedPull; readonly keys: readonly Row[] | undefined } {
  const queries = pulledQueries(query);
  const source = engine.catalog.sources.get(queries.at(-1)!.from.name.text)!;
  const point = queries.length > 1 ? undefined : pointLookup(query, source);
  const shape = textWithout(query, point?.literals ?? []);
  let known = cache.get(engine.catalog);
  if (known === undefined) cache.set(engine.catalog, (known = new Map<string, PreparedPull>()));
  let prepared = known.get(shape);
  if (prepared === undefined) {
    prepared = prepare({ ...query, where: point === undefined ? query.where : point.rest }, source, engine, session);
    if (known.size >= cachedQueries) known.delete(known.keys().next().value!);
    known.set(shape, prepared);
  }
  const keys = point === undefined ? prepared.keys : [point.key];
  if (keys === undefined) checkScan(query, prepared.step, source, session);
  return { prepared, keys };
}

function prepare(query: QueryNode, source: SourceObject, engine: Engine, session: Session): PreparedPull {
  // The state is read as a finite stream: filters then drop rows instead of sending tombstones.
  const asStream = engine.catalog.withSource({ ...source, spec: { ...source.spec, kind: 'STREAM' } });
  const { plan } = planTransient(query, new Catalog(asStream), 'pull', session);
  const queryId = source.createdBy;
  if (queryId === undefined) throw new SqlError('NOT_QUERYABLE', query.from.span, { source: source.spec.name });
  const step = allSteps(plan.root).find((each): each is SourceStep => each.op === 'streamSource')!;
  const names = engine.catalog.queries.get(queryId)!.plan.root.columns.map(({ name }) => name);
  const asKept = keptAs(source);
  return {
    columns: plan.root.columns,
    source: source.spec.name,
    queryId,
    step,
    topology: new LocalTopology(plan, {
      backend: noState,
      statePrefix: 'pull',
      partitions: 1,
      settings: noConflation,
      models: undefined,
      failures: ignoreFailures,
    }),
    matches: compileWhere(step, () => undefined),
    rowOf: (change) => asKept(sourceRow(change, step, names), step),
    keys: step.where === undefined ? undefined : lookupKeys(step.where, step.reads, source),
  };
}

/** The columns of a table's key, or of the entity that a feature view is served by. */
function lookupColumns({ featureView, spec }: SourceObject): readonly Pick<StepColumn, 'name' | 'type'>[] {
  return featureView === undefined
    ? keyColumns(spec.schema)
    : featureView.entityKey.map((name) => spec.schema.find((column) => column.name === name)!);
}

/**
 * The one key that WHERE gives as `column = literal` for each key column, of a type that needs no cast, with the conditions beside
 * those and the literals themselves; undefined for any other WHERE.
 */
function pointLookup(
  query: QueryNode,
  source: SourceObject,
): { key: Row; rest: ExpressionNode | undefined; literals: readonly LiteralNode[] } | undefined {
  const parts = query.where === undefined ? [] : conjunctsOf(query.where);
  const used = new Set<ExpressionNode>();
  const literals: LiteralNode[] = [];
  const key: Value[] = [];
  for (const { name, type } of lookupColumns(source)) {
    const found = parts.flatMap((part) => {
      const literal = equalLiteral(part, name);
      return literal === undefined ? [] : [{ part, literal }];
    });
    const [only] = found;
    if (only === undefined || found.length > 1) return undefined;
    const { value, literal } = only.literal;
    const isInteger = literal === 'integer' && Number(value) <= 2147483647;
    if (type.kind === 'STRING' && literal === 'string' && value !== null) key.push(value);
    else if ((type.kind === 'INTEGER' || type.kind === 'BIGINT') && isInteger) key.push(Number(value));
    else return undefined;
    used.add(only.part);
    literals.push(only.literal);
  }
  const rest = parts.filter((part) => !used.has(part));
  return {
    key,
    literals,
    rest:
      rest.length === 0
        ? undefined
        : rest.reduce((left, right) => ({ kind: 'logic', op: 'AND', left, right, span: left.span })),
  };
}

function equalLiteral(node: ExpressionNode, name: string): LiteralNode | undefined {
  if (node.kind !== 'compare' || node.op !== '=') return undefined;
  for (const [side, other] of [
    [node.left, node.right],
    [node.right, node.left],
  ] as const)
    if (side.kind === 'column' && side.qualifier === undefined && side.name.text === name && other.kind === 'literal')
      return other;
  return undefined;
}

function textWithout({ span }: QueryNode, literals: readonly LiteralNode[]): string {
  const { text } = span.source;
  let from = span.start;
  let result = '';
  for (const { span: cut } of literals.toSorted((a, b) => a.span.start - b.span.start)) {
    result += `${text.slice(from, cut.start)}\0`;
    from = cut.end;
  }
  return result + text.slice(from, span.end);
}

/** A row as the table's topic has it: a format that cannot hold nulls gives its defaults, from the state too. */
function keptAs({ spec }: SourceObject): (row: Row, step: SourceStep) => Row {
  const columns = valueColumns(spec.schema);
  const slots = columns.map(({ name, type }, slot) => ({ name, type, slot }));
  const fill = findFormat(spec.valueFormat.format)!.fillNulls?.(slots, spec.valueFormat);
  if (fill === undefined) return (row) => row;
  return (row, { reads }) => {
    const values: Value[] = columns.map(({ name }) => row[reads.indexOf(name)] ?? null);
    fill(values);
    return row.map((value, slot) => {
      const at = columns.findIndex(({ name }) => name === reads[slot]);
      return at < 0 ? value : values[at]!;
    });
  };
}

/** Without keys a table is read whole, which a server may forbid; a range of one key may be read all the same. */
function checkScan(query: QueryNode, { where, reads }: SourceStep, { spec }: SourceObject, session: Session): void {
  if (session.read('ksql.query.pull.table.scan.enabled')) return;
  const keys = keyColumns(spec.schema);
  const isRange = (part: Expr): boolean =>
    part.kind === 'compare' &&
    ['<', '<=', '>', '>='].includes(part.op) &&
    [part.left, part.right].some((side) => side.kind === 'column' && reads[side.slot] === keys[0]!.name);
  const ranges = where === undefined ? 0 : conjuncts(where).filter(isRange).length;
  const allowed = session.read('ksql.query.pull.range.scan.enabled') && keys.length === 1;
  if (!allowed || spec.window !== undefined || ranges !== 1)
    throw new SqlError('PULL_SCAN_DISABLED', (query.where ?? query).span, {
      keys: keys.map(({ name }) => name).join(', '),
    });
}

/** The columns that the pull query reads, taken from a row of the materialised query. */
function sourceRow(
  { after, key, timestamp, window }: Change,
  { reads, source }: SourceStep,
  names: readonly string[],
): Row {
  const keys = keyColumns(source.schema).map(({ name }) => name);
  return reads.map((name): Value => {
    const slot = names.indexOf(name);
    if (slot >= 0) return after![slot] ?? null;
    const keySlot = keys.indexOf(name);
    if (keySlot >= 0) return key[keySlot] ?? null;
    if (name === 'ROWTIME') return timestamp;
    if (name === 'WINDOWSTART') return window?.start ?? null;
    return name === 'WINDOWEND' ? (window?.end ?? null) : null;
  });
}

/** The keys that a predicate allows, when it fixes every key column by `=` or IN; undefined means a scan. */
function lookupKeys(predicate: Expr, reads: readonly string[], source: SourceObject): Row[] | undefined {
  const parts = conjuncts(predicate);
  let keys: Value[][] = [[]];
  for (const column of lookupColumns(source)) {
    const values = parts
      .map((part) => fixedValues(part, reads.indexOf(column.name), column.type))
      .find((each) => each !== undefined);
    if (values === undefined) return undefined;
    keys = keys.flatMap((key) => values.map((value) => [...key, value]));
  }
  return keys;
}

function fixedValues(part: Expr, slot: number, type: StepColumn['type']): Value[] | undefined {
  const isColumn = (expr: Expr): boolean => expr.kind === 'column' && expr.slot === slot;
  const constant = (expr: Expr): Value | undefined => {
    if (expr.kind !== 'literal' || expr.value === null) return undefined;
    const cast = castBetween(expr.type, type);
    return expr.type.kind === 'DOUBLE' || expr.type.kind === 'DECIMAL' ? undefined : cast?.(literalValue(expr));
  };
  const items =
    part.kind === 'in' && isColumn(part.operand)
      ? part.items
      : part.kind === 'compare' && part.op === '='
        ? isColumn(part.left)
          ? [part.right]
          : isColumn(part.right)
            ? [part.left]
            : undefined
        : undefined;
  const values = items?.map(constant);
  return values === undefined || values.includes(undefined) ? undefined : [...new Set(values as Value[])];
}
