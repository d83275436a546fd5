import { Catalog, type SourceObject } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { conjuncts, literalValue, type Expr } from '../expressions/node.ts';
import type { PlanColumn } from '../plan/logical/node.ts';
import { allSteps, type SourceStep } from '../plan/physical/step.ts';
import { ignoreFailures } from '../runtime/dead-letters.ts';
import { Change, type Row } from '../runtime/change.ts';
import { compileWhere } from '../runtime/source-decoder.ts';
import { LocalTopology } from '../runtime/topology.ts';
import { noConflation } from '../runtime/run-settings.ts';
import type { QueryNode } from '../syntax/query.ts';
import { castBetween } from '../types/casts.ts';
import { findFormat } from '../formats/index.ts';
import { Bytes } from '../util/bytes.ts';
import { keyColumns, valueColumns } from '../types/schema.ts';
import type { Value } from '../types/sql-type.ts';
import type { Engine } from './engine.ts';
import { noState } from './no-state.ts';
import { planTransient } from './plan-query.ts';
import type { Session } from './session.ts';

export interface PulledRows {
  readonly columns: readonly PlanColumn[];
  readonly rows: readonly Row[];
}

/** Refuses what a query that ends cannot have. */
export function refusePull(query: QueryNode): void {
  const clauses: [unknown, string][] = [
    [query.joins[0], 'JOIN'],
    [query.window, 'WINDOW'],
    [query.groupBy, 'GROUP BY'],
    [query.partitionBy, 'PARTITION BY'],
    [query.having, 'HAVING'],
    [query.invokes[0], 'INVOKE MODEL'],
    [query.union[0], 'UNION ALL'],
    [query.with[0] ?? query.from.query, 'a subquery'],
  ];
  const unfit = clauses.find(([clause]) => clause !== undefined);
  if (unfit !== undefined) throw new SqlError('PULL_UNSUPPORTED', query.span, { what: unfit[1] });
}

/** A pull query on a table: rows of its state, by key where WHERE names whole keys, else by a scan, then filtered and projected. */
export async function pullRows(query: QueryNode, engine: Engine, session: Session): Promise<PulledRows> {
  refusePull(query);
  const source = engine.catalog.sources.get(query.from.name.text)!;
  // The state is read as a finite stream: filters then drop rows instead of sending tombstones.
  const asStream = engine.catalog.withSource({ ...source, spec: { ...source.spec, kind: 'STREAM' } });
  const { plan } = planTransient(query, new Catalog(asStream), 'pull', session);
  const queryId = source.createdBy;
  if (queryId === undefined) throw new SqlError('NOT_QUERYABLE', query.from.span, { source: source.spec.name });
  const step = allSteps(plan.root).find((each): each is SourceStep => each.op === 'streamSource')!;
  const { where } = step;
  const keys = where === undefined ? undefined : lookupKeys(where, source);
  if (keys === undefined) checkScan(query, where, source, session);
  const found: Change[] = [];
  for (const key of keys ?? [undefined]) {
    const rows = await engine.node.pull(queryId, key);
    if (rows === undefined) throw new SqlError('NOT_QUERYABLE', query.from.span, { source: source.spec.name });
    found.push(...rows);
  }
  if (keys === undefined) found.sort(byKey);
  const asKept = keptAs(source);
  const names = engine.catalog.queries.get(queryId)!.plan.root.columns.map(({ name }) => name);
  const topology = new LocalTopology(plan, {
    backend: noState,
    statePrefix: 'pull',
    partitions: 1,
    settings: noConflation,
    models: undefined,
    failures: ignoreFailures,
  });
  const matches = compileWhere(step, () => undefined);
  const batch = found
    .filter(({ after }) => after !== undefined)
    .map((change, sequence) => {
      const row = asKept(sourceRow(change, step, names), step);
      return {
        stepId: step.id,
        partition: 0,
        change: new Change(change.key, undefined, row, change.timestamp, sequence, change.window),
      };
    })
    .filter(({ change }) => matches === undefined || matches(change.after!));
  const changes = await topology.process(batch);
  return { columns: plan.root.columns, rows: changes.flatMap(({ after }) => (after === undefined ? [] : [after])) };
}

/** A scan gives rows in the order of their keys and windows. */
function byKey(a: Change, b: Change): number {
  for (let i = 0; i < a.key.length; i++) {
    const [left, right] = [a.key[i] as number, b.key[i] as number];
    if (left < right) return -1;
    if (left > right) return 1;
  }
  return (a.window?.start ?? 0) - (b.window?.start ?? 0);
}

/** A row as the table's topic has it: a format that cannot hold nulls gives its defaults, from the state too. */
function keptAs({ spec }: SourceObject): (row: Row, step: SourceStep) => Row {
  const { format, nullable } = spec.valueFormat;
  if (!format.startsWith('PROTOBUF') || nullable !== undefined) return (row) => row;
  const columns = valueColumns(spec.schema);
  const slots = columns.map(({ name, type }, slot) => ({ name, type, slot }));
  const { encoder, decoder } = findFormat('PROTOBUF_NOSR')!;
  const options = { wrap: true, delimiter: ',' };
  const encode = encoder(slots, options);
  const decode = decoder(slots, options);
  return (row, { reads }) => {
    const out = new Bytes();
    const values: Value[] = columns.map(({ name }) => row[reads.indexOf(name)] ?? null);
    encode(values, out);
    decode(out.buffer, 0, out.length, values);
    return row.map((value, slot) => {
      const at = columns.findIndex(({ name }) => name === reads[slot]);
      return at < 0 ? value : values[at]!;
    });
  };
}

/** Without keys a table is read whole, which a server may forbid; a range of one key may be read all the same. */
function checkScan(query: QueryNode, predicate: Expr | undefined, { spec }: SourceObject, session: Session): void {
  if (session.get('ksql.query.pull.table.scan.enabled') === 'true') return;
  const keys = keyColumns(spec.schema);
  const isRange = (part: Expr): boolean =>
    part.kind === 'compare' &&
    ['<', '<=', '>', '>='].includes(part.op) &&
    [part.left, part.right].some((side) => side.kind === 'column' && side.name === keys[0]!.name);
  const ranges = predicate === undefined ? 0 : conjuncts(predicate).filter(isRange).length;
  const allowed = session.get('ksql.query.pull.range.scan.enabled') === 'true' && keys.length === 1;
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
function lookupKeys(predicate: Expr, source: SourceObject): Row[] | undefined {
  const entity = source.featureView?.entityKey;
  const columns =
    entity === undefined
      ? keyColumns(source.spec.schema)
      : entity.map((name) => source.spec.schema.find((column) => column.name === name)!);
  const parts = conjuncts(predicate);
  let keys: Value[][] = [[]];
  for (const column of columns) {
    const values = parts.map((part) => fixedValues(part, column.name, column.type)).find((each) => each !== undefined);
    if (values === undefined) return undefined;
    keys = keys.flatMap((key) => values.map((value) => [...key, value]));
  }
  return keys;
}

function fixedValues(part: Expr, name: string, type: PlanColumn['type']): Value[] | undefined {
  const isColumn = (expr: Expr): boolean => expr.kind === 'column' && expr.name === name;
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
