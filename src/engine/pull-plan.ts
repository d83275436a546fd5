import { viewQuery } from '../bind/views.ts';
import type { Catalog, SourceObject } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { conjuncts, literalValue, type Expr } from '../expressions/node.ts';
import type { StepColumn } from '../plan/physical/steps/base.ts';
import { allSteps, keepsState, stepInputs, withInputs, type PhysicalPlan, type Step } from '../plan/physical/step.ts';
import type { Span } from '../diagnostics/source.ts';
import type { FirstRows } from '../plan/rules/nearest.ts';
import type { SourceStep } from '../plan/physical/steps/source.ts';
import type { Change } from '../runtime/change.ts';
import { ignoreFailures } from '../runtime/failures.ts';
import { noConflation } from '../runtime/run-settings.ts';
import { compileWhere } from '../runtime/source-decoder.ts';
import { storedRow } from '../runtime/stored-row.ts';
import { LocalTopology } from '../runtime/topology.ts';
import { conjunctsOf, type ExpressionNode, type LiteralNode } from '../syntax/expressions.ts';
import type { QueryNode, SourceNode } from '../syntax/query.ts';
import { castBetween } from '../types/casts.ts';
import { keyColumns } from '../types/schema.ts';
import type { Value, Row } from '../types/sql-type.ts';
import type { Engine } from './engine.ts';
import { noState } from './no-state.ts';
import { planTransient } from './plan-query.ts';
import type { Session } from './session.ts';

/** A table that a pull query reads. */
export interface PulledSource {
  /** The table, where the query names it, and the query whose state holds it. */
  readonly name: string;
  readonly span: Span;
  readonly queryId: string;
  readonly step: SourceStep;
  /** The part of WHERE that is not used as key lookup. */
  readonly matches: ((row: Row) => boolean) | undefined;
  /** Converts a row of the table's state to a row of the query's source. */
  readonly rowOf: (change: Change) => Row;
  /**
   * The keys that WHERE allows, when it fixes every key column (other than by single values, which are parameters); undefined
   * means a scan.
   */
  readonly keys: readonly Row[] | undefined;
}

/** The compiled form of a pull query on tables, which can be run for any key. It keeps no state between runs. */
export interface PreparedPull {
  readonly columns: readonly StepColumn[];
  readonly plan: PhysicalPlan;
  readonly sources: readonly PulledSource[];
  /** Filters and projects rows one by one; undefined when rows must be held, for aggregates and joins. */
  readonly topology: LocalTopology | undefined;
}

type Named = ReadonlyMap<string, { readonly query: QueryNode; readonly named: Named }>;

/** What a pull query reads. */
export interface Pulled {
  /** The query and those that it reads from (subqueries, WITH queries, views); each comes before those that it reads. */
  readonly queries: readonly QueryNode[];
  /** The sources of the catalogue, from left to right. */
  readonly sources: readonly SourceNode[];
}

export function pulledBy(query: QueryNode, catalog: Catalog, outer: Named = new Map()): Pulled {
  let named = outer;
  for (const part of query.with) named = new Map([...named, [part.name.text, { query: part.query, named }]]);
  const queries = [query];
  const sources: SourceNode[] = [];
  for (const node of [query.from, ...query.joins.map(({ source }) => source)]) {
    const view = catalog.views.get(node.name.text);
    const inner =
      node.query !== undefined
        ? { query: node.query, named }
        : (named.get(node.name.text) ?? (view && { query: viewQuery(view), named: new Map() as Named }));
    if (inner === undefined) {
      sources.push(node);
      continue;
    }
    const below = pulledBy(inner.query, catalog, inner.named);
    queries.push(...below.queries);
    sources.push(...below.sources);
  }
  return { queries, sources };
}

/**
 * Prepared queries by their text without key values. The weak key drops them together with the catalogue that they belong to.
 */
const cache = new WeakMap<Catalog, Map<string, PreparedPull>>();
const cachedQueries = 200;

/**
 * Returns the prepared pull query on tables, from the cache or newly made, and the keys to look up in each table; undefined
 * means a scan.
 */
export function preparedPull(
  query: QueryNode,
  pulled: Pulled,
  engine: Engine,
  session: Session,
  first: FirstRows | undefined,
): { readonly prepared: PreparedPull; readonly keys: readonly (readonly Row[] | undefined)[] } {
  const [only, other] = pulled.sources;
  const source = engine.catalog.sources.get(only!.name.text);
  const isPlain = other === undefined && source !== undefined && pulled.queries.length === 1;
  const point = isPlain ? pointLookup(query, source) : undefined;
  const shape = textWithout(query, point?.literals ?? []);
  let known = cache.get(engine.catalog);
  if (known === undefined) cache.set(engine.catalog, (known = new Map<string, PreparedPull>()));
  let prepared = query.once === true ? undefined : known.get(shape);
  if (prepared === undefined) {
    const where = point === undefined ? query.where : point.rest;
    prepared = prepare({ ...query, where }, pulled.sources, engine, session, first);
    if (known.size >= cachedQueries) known.delete(known.keys().next().value!);
    if (query.once !== true) known.set(shape, prepared);
  }
  const keys = point === undefined ? prepared.sources.map(({ keys }) => keys) : [[point.key]];
  prepared.sources.forEach(({ step, name }, i) => {
    if (keys[i] === undefined) checkScan(query, step, engine.catalog.sources.get(name)!, session);
  });
  return { prepared, keys };
}

function prepare(
  query: QueryNode,
  nodes: readonly SourceNode[],
  engine: Engine,
  session: Session,
  first: FirstRows | undefined,
): PreparedPull {
  // The state is read as a stream, so that a filter drops rows instead of emitting tombstones.
  let asStreams = engine.catalog;
  for (const { name } of nodes) {
    const source = engine.catalog.sources.get(name.text);
    if (source === undefined) continue;
    if (source.featureView !== undefined || source.spec.kind === 'TABLE')
      asStreams = asStreams.withSource({ ...source, spec: { ...source.spec, kind: 'STREAM' } });
  }
  const plan = withNullKeys(planTransient(query, asStreams, 'pull', session, true, first).plan);
  const steps = allSteps(plan.root);
  const isStateless = !steps.some(keepsState);
  return {
    columns: plan.root.columns,
    plan,
    sources: steps
      .filter((step): step is SourceStep => step.op === 'streamSource')
      .map((step) => pulledSource(step, nodes, engine)),
    topology: isStateless ? topologyOf(plan, engine) : undefined,
  };
}

/** The operators of a pull query. Those that hold rows do so in their caches, as much as `heldBytes` says. */
export function topologyOf(plan: PhysicalPlan, engine: Engine, heldBytes?: number): LocalTopology {
  return new LocalTopology(plan, {
    backend: noState,
    statePrefix: 'pull',
    partitions: 1,
    settings: { ...noConflation, cacheBytes: heldBytes },
    models: engine.models,
    failures: ignoreFailures,
  });
}

function pulledSource(step: SourceStep, nodes: readonly SourceNode[], engine: Engine): PulledSource {
  const { name } = step.source;
  const source = engine.catalog.sources.get(name)!;
  const { span } = nodes.find((node) => engine.catalog.sources.get(node.name.text) === source)!;
  const queryId = source.createdBy;
  if (queryId === undefined) throw new SqlError('NOT_QUERYABLE', span, { source: name });
  const { root } = engine.catalog.queries.get(queryId)!.plan;
  const names = root.columns.map(({ name }) => name);
  return {
    name,
    span,
    queryId,
    step,
    matches: compileWhere(step, () => undefined),
    rowOf: storedRow(step, names),
    keys: step.where === undefined ? undefined : lookupKeys(step.where, step.reads, source, placesOf(root)),
  };
}

/**
 * As in SQL, a group may have NULL in its key, and an outer join pads rows whose key is NULL: what is read has no topic whose keys
 * forbid it.
 */
export const withNullKeys = (plan: PhysicalPlan): PhysicalPlan => ({ ...plan, root: keepingNulls(plan.root) });

function keepingNulls(step: Step): Step {
  const same = withInputs(step, stepInputs(step).map(keepingNulls));
  if (same.op === 'streamRekey') return { ...same, dropNullKeys: false };
  return same.op === 'streamAggregate' ? { ...same, nullKeys: true } : same;
}

/** The key columns of a table, or the entity columns of a feature view. */
function lookupColumns({ featureView, spec }: SourceObject): readonly Pick<StepColumn, 'name' | 'type'>[] {
  return featureView === undefined
    ? keyColumns(spec.schema)
    : featureView.entityKey.map((name) => spec.schema.find((column) => column.name === name)!);
}

/**
 * The key when WHERE contains `column = literal` for each key column and no literal needs a cast; with the remaining conditions
 * and the literals. Undefined for any other WHERE.
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
    const equalities = parts.flatMap((part) => {
      const literal = equalLiteral(part, name);
      return literal === undefined ? [] : [{ part, literal }];
    });
    const [only] = equalities;
    if (only === undefined || equalities.length > 1) return undefined;
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

/** Refuses a table scan when the server forbids it; a range within one key is allowed. */
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

/** The key column that numbers the rows of a Top-N table, and its greatest number. */
interface Places {
  readonly name: string;
  readonly limit: number;
}
function placesOf(root: Step): Places | undefined {
  let step = root;
  let slot = root.columns.findLastIndex(({ role }) => role === 'key');
  const { name } = root.columns[slot] ?? {};
  for (;;) {
    if (step.op === 'project') {
      const expr = step.exprs[slot];
      if (expr?.kind !== 'column') return undefined;
      slot = expr.slot;
    } else if (step.op !== 'tableFilter') break;
    step = step.input;
  }
  if (step.op !== 'rank' || name === undefined) return undefined;
  // The number is the last column of a ranking's key.
  const isPlace = slot === step.columns.findLastIndex(({ role }) => role === 'key');
  return isPlace ? { name, limit: step.limit } : undefined;
}

/** More rows of a Top-N table than this are scanned rather than looked up one by one. */
const mostPlaces = 1000;

/**
 * The keys that a predicate allows, when it fixes every key column by `=` or IN; undefined means a scan. Of a Top-N table the number need
 * not be fixed: there are only so many.
 */
function lookupKeys(
  predicate: Expr,
  reads: readonly string[],
  source: SourceObject,
  places: Places | undefined,
): Row[] | undefined {
  const parts = conjuncts(predicate);
  let keys: Value[][] = [[]];
  for (const column of lookupColumns(source)) {
    const values = parts
      .map((part) => fixedValues(part, reads.indexOf(column.name), column.type))
      .find((keys) => keys !== undefined);
    if (values === undefined) {
      if (column.name !== places?.name || keys.length * places.limit > mostPlaces) return undefined;
      keys = keys.flatMap((key) => Array.from({ length: places.limit }, (_, i) => [...key, i + 1]));
      continue;
    }
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
