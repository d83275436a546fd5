import {
  argumentType,
  compileExpression,
  compilePredicate,
  compileProjection,
  compileJoinRow,
  compileTableFunction,
  layoutOf,
  type Layout,
} from '../expressions/compile.ts';
import { column, columnsOf, literalValue, type Expr } from '../expressions/node.ts';
import { findFormat } from '../formats/index.ts';
import { findAggregate, isUserFunction } from '../functions/registry.ts';
import { watchBatch } from '../functions/user/watch.ts';
import { resolveOverload } from '../functions/resolve.ts';
import type { Aggregator } from '../functions/define.ts';
import type { AggregateCall, OverCall, PlanColumn } from '../plan/logical/node.ts';
import type { Step, StepOp } from '../plan/physical/step.ts';
import { Bytes } from '../util/bytes.ts';
import { InternalError } from '../util/internal-error.ts';
import { AggregateSet, type BoundAggregate } from './aggregation.ts';
import { Change, type Row } from './change.ts';
import type { DeadLetter, FailureSink } from './dead-letters.ts';
import type { Operator, RecordPosition } from './operator.ts';
import { FlatMap } from './operators/flat-map.ts';
import { ForeignKeyLookup, ForeignKeyResolve, ForeignKeySubscribe } from './operators/foreign-key-join.ts';
import { Invoke } from './operators/invoke.ts';
import { Over, type BoundOver } from './operators/over.ts';
import { PaneAggregate } from './operators/pane-aggregate.ts';
import { Project } from './operators/project.ts';
import { StreamRekey, TableRekey, type RekeyShape } from './operators/rekey.ts';
import { SessionAggregate } from './operators/session-aggregate.ts';
import { GroupAggregate } from './operators/stream-aggregate.ts';
import { StreamFilter } from './operators/stream-filter.ts';
import { StreamStreamJoin } from './operators/stream-stream-join.ts';
import { StreamTableJoin, type JoinMatches, type JoinRow } from './operators/stream-table-join.ts';
import { TableFilter } from './operators/table-filter.ts';
import { TableSource } from './operators/table-source.ts';
import { TableTableJoin } from './operators/table-table-join.ts';
import { Union } from './operators/union.ts';
import { WindowedAggregate } from './operators/windowed-aggregate.ts';
import type { ModelHost } from './ports/model-host.ts';
import type { CachedStore, StoreLocation } from './stores/cached-store.ts';
import { GroupedStore } from './stores/grouped-store.ts';
import { KeyValueStore } from './stores/key-value-store.ts';
import { WindowStore } from './stores/window-store.ts';

/** What operators are built with. */
export interface BuildContext {
  /** Where the state of a step is kept; `part` tells the stores of one step apart. Every store is flushed at a commit. */
  readonly location: (stepId: string, part: string) => StoreLocation;
  readonly register: (store: CachedStore) => void;
  readonly report: (error: unknown, what: string) => void;
  /** Takes a row that no model could score. */
  readonly deadLetter: (letter: DeadLetter) => void;
  readonly onLate: (change: Change) => void;
  readonly position: RecordPosition;
  readonly models: ModelHost | undefined;
  readonly conflate: boolean;
  /**
   * Whether a commit covers many micro-batches: tumbling windows are then stored several to an entry, which a commit after each
   * micro-batch would write again and again. Never changed for state that is there.
   */
  readonly rareCommits?: boolean;
}

/** What operators report to: an error at the record that is being processed, or a change that came too late. */
export function reporters(
  sink: FailureSink,
  position: RecordPosition,
): Pick<BuildContext, 'report' | 'deadLetter' | 'onLate'> {
  return {
    report: (error, what) =>
      sink.report(error instanceof Error ? error.message : String(error), what, position.sequence),
    deadLetter: (letter) => sink.deadLetter(letter, position.sequence),
    onLate: ({ timestamp, sequence }) =>
      sink.report(`the event at ${timestamp} came after its window's grace period`, 'late', sequence),
  };
}

type StepOf<O extends StepOp, S = Step> = S extends { readonly op: infer P } ? (O extends P ? S : never) : never;
type Builder<O extends StepOp> = (step: StepOf<O>, context: BuildContext) => Operator;

/** Steps that make every change that they give, and keep none: the step behind them may change it. */
const makesChanges: ReadonlySet<StepOp> = new Set<StepOp>([
  'streamSource',
  'project',
  'streamTableJoin',
  'streamAggregate',
  'windowedAggregate',
  'sessionAggregate',
  'over',
  'invoke',
]);

/** Whether the changes that a step gives are the next step's own, to be changed in place. */
const givesOwn = (step: Step): boolean =>
  makesChanges.has(step.op) || (step.op === 'streamFilter' && givesOwn(step.input));

/** A stream source's changes are ready as they are decoded. */
const passThrough: Operator = { process: ([changes]) => changes! };

/** A step with no entry here does not compile. Repartitions and stream sources are the edges of a pipeline. */
const builders: { readonly [O in StepOp]: Builder<O> } = {
  streamSource: () => passThrough,
  repartition: () => passThrough,
  tableSource: (step, context) => new TableSource(keyValue(step, context), step.columns.length),
  streamFilter: (step, context) => new StreamFilter(predicate(step.predicate, step.input, context), context.position),
  tableFilter: (step, context) =>
    new TableFilter(
      predicate(step.predicate, step.input, context),
      step.silent === true || 'withBefore' in step.input,
      context.position,
    ),
  project: (step, context) =>
    new Project(
      projection(
        step.exprs.map(({ expr }) => expr),
        step.input.columns,
        context,
      ),
      context.position,
      // Rows that are changed in place could not be made again.
      givesOwn(step.input) && !callsUserCode(step),
    ),
  flatMap: (step, context) => {
    const layout = layoutFor(step.input.columns);
    const functions = step.functions.map(({ fn, args, type }) =>
      compileTableFunction(fn, args, type, layout, (error) => context.report(error, fn)),
    );
    return new FlatMap(functions, context.position);
  },
  streamRekey: (step, context) =>
    new StreamRekey(
      rekeyShape(step.columns, step.keys, step.input.columns, step.dropNullKeys, context),
      context.position,
    ),
  tableRekey: (step, context) =>
    new TableRekey(
      rekeyShape(step.columns, step.keys, step.input.columns, step.dropNullKeys, context),
      context.position,
    ),
  streamAggregate: (step, context) =>
    new GroupAggregate(keyValue(step, context), aggregates(step.aggregates, step.input.columns, context), {
      conflate: context.conflate,
      withBefore: step.withBefore === true,
    }),
  tableAggregate: (step, context) =>
    new GroupAggregate(keyValue(step, context), aggregates(step.aggregates, step.input.columns, context), {
      conflate: context.conflate,
      withBefore: step.withBefore === true,
    }),
  windowedAggregate: (step, context) => {
    const { final, window } = step;
    const { conflate, onLate, rareCommits = false } = context;
    const withBefore = step.withBefore === true;
    const set = aggregates(step.aggregates, step.input.columns, context);
    const worthwhile = rareCommits || window.advanceMs < window.sizeMs;
    if (conflate && !final && !withBefore && worthwhile && PaneAggregate.suits(window, set))
      return new PaneAggregate(windowed(step, context, '', PaneAggregate.entryOverhead), set, window, onLate);
    return new WindowedAggregate(windowed(step, context, ''), set, window, { final, conflate, withBefore, onLate });
  },
  sessionAggregate: (step, context) => {
    const { final, window } = step;
    return new SessionAggregate(
      windowed(step, context, ''),
      aggregates(step.aggregates, step.input.columns, context),
      window,
      { final, withBefore: step.withBefore === true, onLate: context.onLate },
    );
  },
  streamStreamJoin: (step, context) =>
    new StreamStreamJoin(
      windowed(step, context, 'left'),
      windowed(step, context, 'right'),
      step.join,
      step.within,
      joinRow(step),
      joinMatches(step.matches, step.left.columns, step.right.columns, context),
      context.onLate,
    ),
  streamTableJoin: (step, context) =>
    new StreamTableJoin(
      keyValue(step, context),
      step.join === 'INNER',
      joinRow(step),
      givesOwn(step.left),
      joinMatches(step.matches, step.left.columns, step.right.columns, context),
    ),
  tableTableJoin: (step, context) =>
    new TableTableJoin(
      keyValue(step, context, 'left'),
      keyValue(step, context, 'right'),
      step.join,
      joinRow(step),
      joinMatches(step.matches, step.left.columns, step.right.columns, context),
    ),
  union: () => new Union(),
  foreignKeySubscribe: (step, context) =>
    new ForeignKeySubscribe(
      keyValue(step, context),
      projection(step.foreignKeys, step.input.columns, context),
      step.join,
      step.input.columns.length,
      context.position,
    ),
  foreignKeyLookup: (step, context) => {
    const subscriptions = new GroupedStore<never>(context.location(step.id, 'subscriptions'));
    context.register(subscriptions);
    const rows = keyValue<never>(step, context, 'rows');
    const matches = joinMatches(step.matches, step.leftColumns, step.right.columns, context);
    return new ForeignKeyLookup(subscriptions, rows, step.join, step.keyCount, step.right.columns.length, matches);
  },
  foreignKeyResolve: (step, context) => new ForeignKeyResolve(keyValue(step, context), step.keyCount),
  over: (step, context) => {
    const columns = step.input.columns;
    const args = step.calls.flatMap((call) => argsOf(call));
    let at = 0;
    const calls = step.calls.map((call): BoundOver => {
      const bound = overCall(call, at);
      at += bound.count;
      return bound;
    });
    const inner = new Over(
      keyValue(step, context),
      projection(step.partitionBy, columns, context),
      compileExpression(step.orderBy, layoutFor(columns), (error) => context.report(error, 'ORDER BY')),
      projection(args, columns, context),
      calls,
      context.position,
    );
    return stripInternalKeys(inner, step.columns, columns.length + step.calls.length);
  },
  invoke: (step, context) => {
    if (context.models === undefined)
      throw new InternalError('a query with INVOKE MODEL was built without a model host');
    const { model, version, onError, outputs } = step;
    return new Invoke(context.models, projection(step.args, step.input.columns, context), {
      model,
      version,
      outputs: outputs.length - 3,
      onError,
      position: context.position,
      report: context.report,
      deadLetter: context.deadLetter,
      rowJson: rowJson(step.input.columns),
    });
  },
};

export function buildOperator(step: Step, context: BuildContext): Operator {
  const operator = (builders[step.op] as Builder<StepOp>)(step, context);
  if (!keepsNothing.has(step.op) || !callsUserCode(step)) return operator;
  return { process: (inputs) => watchBatch(() => operator.process(inputs)) };
}

/** Steps that may be run again: user code that is too slow in a batch is then watched call by call. */
const keepsNothing: ReadonlySet<StepOp> = new Set<StepOp>([
  'project',
  'streamFilter',
  'tableFilter',
  'flatMap',
  'streamRekey',
  'tableRekey',
]);

/** Whether a step itself calls a user's function. */
function callsUserCode(step: Step): boolean {
  const own = { ...step, input: undefined, left: undefined, right: undefined };
  return [...JSON.stringify(own).matchAll(/"fn":"(\w+)"/g)].some(([, name]) => isUserFunction(name!));
}

/** Rows that were repartitioned for one step lose the key columns that placed them, which come first, and get their own key back. */
function stripInternalKeys(operator: Operator, columns: readonly PlanColumn[], actual: number): Operator {
  const extra = actual - columns.length;
  if (extra <= 0) return operator;
  const keySlots = columns.flatMap(({ role }, slot) => (role === 'key' ? [slot] : []));
  return {
    process: (inputs) => {
      const changes = operator.process(inputs) as readonly Change[];
      return changes.map(({ after, timestamp, sequence, window, headers }) => {
        const row = after!.slice(extra);
        return new Change(
          keySlots.map((slot) => row[slot]!),
          undefined,
          row,
          timestamp,
          sequence,
          window,
          headers,
        );
      });
    },
  };
}

/** A row as JSON, its columns by name. */
function rowJson(columns: readonly PlanColumn[]): (row: Row) => Buffer {
  const encode = findFormat('JSON')!.encoder(
    columns.map(({ name, type }, slot) => ({ name, type, slot })),
    { wrap: true, delimiter: ',' },
  );
  return (row) => {
    const out = new Bytes();
    encode(row, out);
    return out.from(0);
  };
}

function keyValue<V>(step: Step, context: BuildContext, part = ''): KeyValueStore<V> {
  const store = new KeyValueStore<V>(context.location(step.id, part));
  context.register(store);
  return store;
}
function windowed<V>(step: Step, context: BuildContext, part: string, entryOverhead?: number): WindowStore<V> {
  const store = new WindowStore<V>({ ...context.location(step.id, part), entryOverhead });
  context.register(store);
  return store;
}

const layoutFor = (columns: readonly PlanColumn[]): Layout => layoutOf(columns.map(({ name }) => name));

function predicate(expr: Expr, input: Step, context: BuildContext): (row: Row) => boolean {
  return compilePredicate(expr, layoutFor(input.columns), (error) => context.report(error, 'predicate'));
}
function projection(exprs: readonly Expr[], columns: readonly PlanColumn[], context: BuildContext): (row: Row) => Row {
  return compileProjection(exprs, layoutFor(columns), (error, index) =>
    context.report(error, `expression ${index + 1}`),
  );
}

function rekeyShape(
  columns: readonly PlanColumn[],
  keys: readonly Expr[],
  input: readonly PlanColumn[],
  dropNullKeys: boolean,
  context: BuildContext,
): RekeyShape {
  const rest = columns.slice(keys.length).map(({ name, type }) => column(name, type));
  const keySlots = input.flatMap(({ role }, slot) => (role === 'key' ? [slot] : []));
  const values = new Set(input.filter(({ role }) => role === 'value').map(({ name }) => name));
  return {
    keys: projection(keys, input, context),
    rest: projection(rest, input, context),
    readsValues: keys.map((expr) => [...columnsOf([expr])].some((name) => values.has(name))),
    keyOnly: (key) => {
      const row = input.map(() => null) as Row[number][];
      keySlots.forEach((slot, i) => (row[slot] = key[i] ?? null));
      return row;
    },
    dropNullKeys,
  };
}

function aggregates(
  calls: readonly AggregateCall[],
  columns: readonly PlanColumn[],
  context: BuildContext,
): AggregateSet {
  const layout = layoutFor(columns);
  return new AggregateSet(
    calls.map(({ fn, args, type }): BoundAggregate => {
      const report = (error: unknown): void => context.report(error, fn);
      const [first, ...rest] = args.map((arg) => compileExpression(arg, layout, report));
      return {
        aggregator: isUserFunction(fn) ? contained(aggregatorOf(fn, args, type), report) : aggregatorOf(fn, args, type),
        first,
        rest: rest.length === 0 ? undefined : (row) => rest.map((each) => each(row)),
      };
    }),
  );
}

/** User code that fails leaves the state as it was, and is told of; a result that cannot be made is null. */
function contained(inner: Aggregator, report: (error: unknown) => void): Aggregator {
  const safe = <T>(run: () => T, otherwise: T): T => {
    try {
      return run();
    } catch (error) {
      report(error);
      return otherwise;
    }
  };
  const { add, undo, merge, result } = inner;
  return {
    ...inner,
    add: (state, value, rest) => safe<unknown>(() => add(state, value, rest), state),
    ...(undo && { undo: (state, value, rest) => safe<unknown>(() => undo(state, value, rest), state) }),
    merge: merge && ((left, right) => safe<unknown>(() => merge(left, right), left)),
    result: (state) => safe(() => result(state), null),
  };
}

function aggregatorOf(fn: string, args: readonly Expr[], type: PlanColumn['type']): BoundAggregate['aggregator'] {
  const found = findAggregate(fn);
  const resolution = found && resolveOverload(found.overloads, args.map(argumentType));
  if (resolution === undefined) throw new InternalError(`aggregate ${fn} has no overload for its stored arguments`);
  const constants = args.map((arg) => (arg.kind === 'literal' ? literalValue(arg) : undefined));
  return resolution.overload.create({ args: args.map((arg) => arg.type), returns: type, constants });
}

/** LAG's offset is part of the call and no argument of each row. */
const argsOf = ({ fn, args }: OverCall): readonly Expr[] => (fn === 'LAG' ? args.slice(0, 1) : args);

function overCall(call: OverCall, at: number): BoundOver {
  const { fn, args, type, frame } = call;
  const base = { frame, at, count: argsOf(call).length };
  const offset = args[1];
  if (fn === 'LAG') return { ...base, kind: { lag: offset?.kind === 'literal' ? Number(offset.value) : 1 } };
  if (fn === 'FIRST_VALUE') return { ...base, kind: 'first' };
  if (fn === 'LAST_VALUE') return { ...base, kind: 'last' };
  return { ...base, kind: { aggregator: aggregatorOf(fn, args, type) } };
}

function joinMatches(
  expr: Expr | undefined,
  left: readonly PlanColumn[],
  right: readonly PlanColumn[],
  context: BuildContext,
): JoinMatches {
  if (expr === undefined) return undefined;
  const matches = compilePredicate(expr, layoutFor([...left, ...right]), (error) => context.report(error, 'ON'));
  return (l, r) => matches([...l, ...r]);
}

/** Where each column of a join's row comes from: its key, or a slot of one side. */
function joinRow(step: StepOf<'streamStreamJoin' | 'streamTableJoin' | 'tableTableJoin'>): JoinRow {
  const left = layoutFor(step.left.columns);
  const right = layoutFor(step.right.columns);
  return compileJoinRow(
    (step.picks ?? step.columns).map(({ name, role }) => {
      if (role === 'key') return { side: 'key', slot: step.keys.indexOf(name) };
      const slot = left.get(name);
      return slot === undefined ? { side: 'right', slot: right.get(name)! } : { side: 'left', slot };
    }),
  );
}
