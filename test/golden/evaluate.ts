import { SqlError } from '../../src/diagnostics/sql-error.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { planQuery } from '../../src/engine/plan-query.ts';
import { argumentType, compileExpression } from '../../src/expressions/compile.ts';
import { mapChildren, mapColumns, slotColumn, type BoundExpr } from '../../src/expressions/node.ts';
import { findFormat } from '../../src/formats/index.ts';
import { overloadsOf, signaturesOf } from '../../src/functions/define.ts';
import { findAggregate, findFunction } from '../../src/functions/registry.ts';
import { resolveOverload } from '../../src/functions/resolve.ts';
import { inputsOf, type LogicalNode } from '../../src/plan/logical/node.ts';
import { lower } from '../../src/plan/physical/lower.ts';
import { allSteps, planVersion, type PhysicalPlan } from '../../src/plan/physical/step.ts';
import type { SourceStep } from '../../src/plan/physical/steps/source.ts';
import { batchHeader, BatchWriter, readBatchInfo, RecordCursor } from '../../src/records/batch.ts';
import { rowsOf } from '../../src/runtime/batch.ts';
import type { Change } from '../../src/runtime/change.ts';
import { noConflation } from '../../src/runtime/run-settings.ts';
import { SchemaCache } from '../../src/runtime/schema-cache.ts';
import { SourceDecoder } from '../../src/runtime/source-decoder.ts';
import { LocalTopology } from '../../src/runtime/topology.ts';
import { MemoryBackend } from '../../src/adapters/memory/memory-backend.ts';
import type { AggregateSetName } from '../../src/specs/window.ts';
import type { ExpressionNode } from '../../src/syntax/expressions.ts';
import { parse, splitScript } from '../../src/syntax/parse.ts';
import type { QueryNode } from '../../src/syntax/query.ts';
import { typeText, type SqlType, type Value, type Row } from '../../src/types/sql-type.ts';
import { Bytes } from '../../src/util/bytes.ts';

/** What a call in an evaluated expression met. */
export interface EvaluatedCall {
  readonly fn: string;
  /** Its place among the signatures; undefined for a call that was refused or failed. */
  readonly overload: number | undefined;
  readonly arguments: number;
  readonly outcome: 'ordinary' | 'null' | 'error';
}
export interface Evaluation {
  /** The values as JSON has them, with their type: several rows between bars, an error behind an exclamation mark. */
  readonly text: string;
  readonly calls: readonly EvaluatedCall[];
}

/** Evaluates an expression over the rows of a stream with the key GRP; an aggregate of the set is over the rows of each key. */
export async function evaluate(
  engine: Engine,
  stream: string,
  expression: string,
  set: AggregateSetName = 'ksqldb',
): Promise<Evaluation> {
  const written = callsOf(expressionOf(stream, expression));
  const failed = (text: string): Evaluation => ({
    text,
    calls: written.slice(0, 1).map((call) => ({ ...call, overload: undefined, outcome: 'error' })),
  });
  try {
    const prepared = await prepare(engine, stream, expression, set);
    const { columns, changes, type, failures } = prepared;
    const rows = await valuesOf(prepared);
    const text = rows.map((value) => `${json(value, type)} :: ${typeText(type)}`).join(' | ') || '(no rows)';
    if (failures.length > 0) return failed(`${text} ! ${[...new Set(failures)].join('; ')}`);
    const input = changes.map(({ after }) => after!);
    return { text, calls: outcomes(prepared.logical, input, columns, rows, set) };
  } catch (error) {
    if (error instanceof SqlError) return failed(`! ${error.code}: ${error.message.split('\n')[0]!}`);
    throw error;
  }
}

/** A query that gives an expression for the rows of a stream, and those rows; nothing of it was evaluated beforehand. */
export interface Prepared {
  readonly logical: LogicalNode;
  readonly topology: LocalTopology;
  readonly sourceId: string;
  readonly changes: readonly Change[];
  /** The columns of those rows. */
  readonly columns: readonly string[];
  readonly type: SqlType;
  /** Where the value stands in a row of the result. */
  readonly slot: number;
  readonly failures: readonly string[];
}

export async function prepare(
  engine: Engine,
  stream: string,
  expression: string,
  set: AggregateSetName = 'ksqldb',
): Promise<Prepared> {
  const isGrouped = callsOf(expressionOf(stream, expression)).some(({ fn }) => findAggregate(fn) !== undefined);
  const query = queryOf(stream, expression, isGrouped ? 'GROUP BY grp' : '');
  const { plan: logical } = planQuery(query, engine.catalog, {
    purpose: 'push',
    suppressEnabled: true,
    aggregates: set,
  });
  const root = lower(logical);
  const { shape } = logical;
  const plan: PhysicalPlan = { version: planVersion, root, shape, windowed: undefined, sink: undefined, rules: [] };
  const failures: string[] = [];
  const topology = new LocalTopology(plan, {
    backend: new MemoryBackend(),
    statePrefix: 'eval',
    partitions: 1,
    settings: noConflation,
    models: undefined,
    failures: { report: (message) => void failures.push(message), deadLetter: () => undefined },
  });
  const source = allSteps(root).find((step): step is SourceStep => step.op === 'streamSource')!;
  const slot = root.columns.findIndex(({ name }) => name === 'V');
  return {
    logical,
    topology,
    sourceId: source.id,
    changes: await decoded(engine, source),
    columns: source.columns.map(({ name }) => name),
    type: root.columns[slot]!.type,
    slot,
    failures,
  };
}

function queryOf(stream: string, expression: string, group: string): QueryNode {
  const text = `SELECT ${expression} AS v FROM ${stream} ${group} EMIT CHANGES;`;
  const statement = parse(splitScript({ name: 'eval', text })[0]!);
  if (statement.kind !== 'select') throw new TypeError('eval takes an expression');
  return statement.query;
}
function expressionOf(stream: string, expression: string): ExpressionNode {
  const [item] = queryOf(stream, expression, '').select;
  if (item?.kind !== 'expression') throw new TypeError('eval takes an expression');
  return item.expression;
}

/** The value for each row; of an aggregate the last one of each key. */
async function valuesOf({ topology, changes, sourceId, slot, logical }: Prepared): Promise<Value[]> {
  const last = new Map<string, Value>();
  for (const change of changes)
    for (const { key, after } of rowsOf(await topology.process([{ stepId: sourceId, partition: 0, change }])))
      last.set(logical.shape === 'TABLE' ? String(key[0]) : String(last.size), after![slot] ?? null);
  return [...last.values()];
}

/** The calls of an expression as it is written, the outermost first. */
function callsOf(expression: ExpressionNode): { fn: string; arguments: number }[] {
  const found: { fn: string; arguments: number }[] = [];
  const left: unknown[] = [expression];
  for (let node = left.shift(); node !== undefined; node = left.shift()) {
    if (typeof node !== 'object' || node === null) continue;
    const call = node as Partial<Extract<ExpressionNode, { kind: 'call' }>>;
    if (call.kind === 'call') found.push({ fn: call.name!.text, arguments: call.args!.length });
    left.push(...(Object.values(node) as unknown[]));
  }
  return found;
}

async function decoded(engine: Engine, source: SourceStep): Promise<Change[]> {
  const decoder = new SourceDecoder(source, new SchemaCache(() => Promise.resolve(undefined)), ({ message }) => {
    throw new TypeError(message);
  });
  const reader = await engine.node.openReader(source.source.topic, 'beginning');
  const changes: Change[] = [];
  const cursor = new RecordCursor();
  while (!reader.caughtUp) {
    for (const { key, value, timestamp } of await reader.poll(1000, 100)) {
      const writer = new BatchWriter();
      writer.add(timestamp, key, value);
      const bytes = writer.finish();
      cursor.open(bytes, batchHeader, readBatchInfo(bytes, 0, bytes.length)!);
      cursor.next();
      changes.push(decoder.decode(cursor, 0, changes.length)!);
    }
  }
  reader.close();
  return changes;
}

/** What each call met: a null among its arguments in every row, or values and a value as the result. */
function outcomes(
  plan: LogicalNode,
  input: readonly Row[],
  columns: readonly string[],
  rows: readonly Value[],
  set: AggregateSetName,
): EvaluatedCall[] {
  const valueOf = (expr: BoundExpr, row: Row): Value => {
    try {
      const inSlots = mapColumns(expr, ({ name, type }) => slotColumn(columns.indexOf(name), name, type));
      return compileExpression(inSlots, () => undefined)(row);
    } catch {
      // The argument of a lambda has no value outside of it.
      return undefined as never;
    }
  };
  return callsOfPlan(plan).map(({ fn, args }): EvaluatedCall => {
    const found = findFunction(fn)!;
    const { kind } = found;
    const overloads = found.kind === 'aggregate' ? overloadsOf(found, set) : found.overloads;
    const known = resolveOverload<(typeof overloads)[number]>(overloads, args.map(argumentType));
    const values = args.filter((arg) => arg.kind !== 'lambda' && arg.kind !== 'unit');
    const isNull = input.every((row) => values.some((arg) => valueOf(arg, row) === null));
    const hasResult = kind === 'scalar' || rows.some((row) => row !== null);
    return {
      fn,
      overload: signaturesOf(found).findIndex(({ overload }) => overload === known?.overload),
      arguments: args.length,
      outcome: isNull || !hasResult ? 'null' : 'ordinary',
    };
  });
}

function callsOfPlan(node: LogicalNode): { fn: string; args: readonly BoundExpr[] }[] {
  const own: { fn: string; args: readonly BoundExpr[] }[] = [];
  const visit = (expr: BoundExpr): BoundExpr => {
    if (expr.kind === 'call') own.push({ fn: expr.fn, args: expr.args });
    return mapChildren(expr, visit);
  };
  if (node.kind === 'project') for (const { expr } of node.exprs) visit(expr);
  for (const call of node.kind === 'aggregate' ? node.aggregates : node.kind === 'flatMap' ? node.functions : []) {
    own.push({ fn: call.fn, args: call.args });
    call.args.forEach(visit);
  }
  return [...own, ...inputsOf(node).flatMap(callsOfPlan)];
}

function json(value: Value, type: SqlType): string {
  if (value === null) return 'null';
  const encode = findFormat('JSON')!.encoder([{ name: 'V', type, slot: 0 }], { wrap: false, delimiter: ',' });
  const out = new Bytes();
  encode([value], out);
  return out.from(0).toString();
}
