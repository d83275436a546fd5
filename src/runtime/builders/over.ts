import { compileExpression } from '../../expressions/compile.ts';
import { literalValue, slotColumn, type Expr } from '../../expressions/node.ts';
import { sameExpr } from '../../expressions/same.ts';
import type { Aggregator } from '../../functions/define.ts';
import { isUserFunction } from '../../functions/registry.ts';
import { isRankKind } from '../../functions/over/define.ts';
import { findOverFunction } from '../../functions/over/index.ts';
import type { OverCall, OverStep } from '../../plan/physical/steps/over.ts';
import type { Step } from '../../plan/physical/step.ts';
import type { AggregateSetName, OverFrame } from '../../specs/window.ts';
import { BIGINT, BOOLEAN, type Row } from '../../types/sql-type.ts';
import { sameData } from '../../util/same-data.ts';
import { OverFinal, type Chain } from '../operators/over-final.ts';
import { Over, type OverPart, type OverParts } from '../operators/over.ts';
import { FrameCall, type ArgumentPlace } from '../over/frame-call.ts';
import type { FrameSpec } from '../over/frame-runner.ts';
import { OverBuffer, type Retention } from '../over/over-buffer.ts';
import { TileBuffer } from '../over/tile-buffer.ts';
import { nthRow, nthRowFromEnd, rowCount } from '../over/picks.ts';
import { frameAggregator } from './aggregates.ts';
import type { BuildContext, Builder } from './context.ts';
import { InternalError } from '../../util/internal-error.ts';
import { formerEvents, type FormerPart, type FormerPartition } from './over-former.ts';
import { projection } from './expressions.ts';
import { chunked, keyValue, windowed } from './stores.ts';
import { stripInternalKeys } from './strip-keys.ts';

/** The retention of a buffer spans this many time buckets. */
const bucketsKept = 8;

export const over: Builder<'over'> = (step, context) => {
  const { calls, columns, input, graceMs, final } = step;
  const planned = calls.map((call, i) => plannedCall(call, step.aggregates, input.columns.length, i, context));
  const lateMs = final ? 0 : graceMs;
  const built = (['time', 'rows', 'all'] as const).flatMap((kind) => {
    const own = planned.filter(({ frame }) => keptBy(frame) === kind);
    if (own.length === 0) return [];
    const retention = kind === 'time' ? timeRetention(own, lateMs) : rowRetention(own, lateMs);
    return [part(step, kind, own, retention, context)];
  });
  const tiled = planned.filter(({ frame }) => keptBy(frame) === 'tiles');
  const lengths = new Set(tiled.map(({ frame }) => frame.tileMs!));
  const inTiles = [...lengths].map((tileMs) => {
    const own = tiled.filter(({ frame }) => frame.tileMs === tileMs);
    return tiles(step, tileMs, own, lateMs, context);
  });
  const all = [...built, ...inTiles];
  const parts: OverParts = {
    partitionBy: projection(step.partitionBy, context),
    orderBy: compileExpression(step.orderBy, (error) => context.report(error, 'ORDER BY')),
    parts: all,
    former: formerEvents(keyValue<FormerPartition>(step, context), calls, built),
    width: input.columns.length,
    count: calls.length,
    graceMs,
    meta: all[0]!.meta,
    position: context.position,
    onLate: context.onLate,
    numbered: planned.some(({ aggregator }) => aggregator.needsArrival === true),
  };
  const operator = final
    ? new OverFinal(parts, windowed(step, context, 'pending'), chainOf(step, context))
    : new Over(parts);
  return stripInternalKeys(operator, columns, input.columns.length + calls.length);
};

function chainOf({ among, ...step }: OverStep<Step>, context: BuildContext): Chain | undefined {
  if (among === undefined) return undefined;
  const known = windowed<number | Row>({ ...step, among }, context, 'known');
  return { announces: among !== 'last', waits: among !== 'first', known };
}

/** A call before its arguments have columns in a buffer. */
interface PlannedCall {
  readonly frame: OverFrame;
  readonly aggregator: Aggregator;
  readonly args: readonly Expr[];
  readonly filter: Expr | undefined;
  /** The slot of its value in the widened row. */
  readonly output: number;
  readonly fn: string;
  /** Equal for calls that have equal states over equal rows. */
  readonly meaning: string;
}

function plannedCall(
  call: OverCall,
  set: AggregateSetName,
  width: number,
  index: number,
  context: BuildContext,
): PlannedCall {
  const { fn, args, filter, frame, ignoreNulls } = call;
  const base = { fn, meaning: JSON.stringify([fn, args, filter, ignoreNulls]), output: width + index, filter };
  const windowFunction = findOverFunction(fn);
  if (windowFunction === undefined) {
    const aggregator = frameAggregator(call, set, context);
    // Rows have their arrival number appended if a call needs it.
    const arrival = aggregator.needsArrival === true ? [slotColumn(width, 'ARRIVAL', BIGINT)] : [];
    return { ...base, frame, args: [...args, ...arrival], aggregator };
  }
  const [value, ...constants] = args;
  const [rows, otherwise = null] = constants.map((arg) => (arg.kind === 'literal' ? literalValue(arg) : null));
  const common = { ...base, args: value === undefined ? [] : [value] };
  const picked = windowFunction.picks(rows === undefined ? undefined : Number(rows));
  if (picked === 'place') return { ...common, frame: { ...wholePartition, end: 0 }, aggregator: rowCount() };
  if (isRankKind(picked)) throw new InternalError(`${fn} of a frame`);
  if (picked === 'first') return { ...common, frame, aggregator: nthRow(1, ignoreNulls) };
  if (picked === 'last') return { ...common, frame, aggregator: nthRowFromEnd(1, ignoreNulls) };
  if ('nth' in picked) return { ...common, frame, aggregator: nthRow(picked.nth, ignoreNulls) };
  const { lag } = picked;
  if (!ignoreNulls || lag === 0)
    return { ...common, frame: { ...wholePartition, start: lag, end: lag }, aggregator: nthRow(1, false, otherwise) };
  return { ...common, frame: { ...wholePartition, end: 1 }, aggregator: nthRowFromEnd(lag, true, otherwise) };
}
/** The frame of functions that read the rows before the current one, whatever the frame. */
const wholePartition = {
  unit: 'ROWS',
  start: undefined,
  exclude: undefined,
  maxSize: undefined,
  tileMs: undefined,
} as const;

/** What bounds the events that a frame needs: a time, a number of rows, nothing (all are folded into one state), or tiles. */
function keptBy({ unit, start, maxSize, tileMs }: OverFrame): 'time' | 'rows' | 'all' | 'tiles' {
  if (tileMs !== undefined) return 'tiles';
  if (start === undefined && maxSize === undefined) return 'all';
  return unit === 'RANGE' && start !== undefined ? 'time' : 'rows';
}

/** Whether the frame starts a bounded distance before the current row and ends with it. */
const isTrailing = ({ start, end, exclude, maxSize }: OverFrame): boolean =>
  start !== undefined && end === 0 && exclude === undefined && maxSize === undefined;

const bucketMs = (keptMs: number): number => Math.max(1000, Math.ceil(keptMs / bucketsKept));

/** Keeps the events of the longest frame, for rows as late as the grace. */
function timeRetention(calls: readonly PlannedCall[], lateMs: number): Retention {
  const keptMs = Math.max(...calls.map(({ frame }) => frame.start!)) + lateMs;
  return { keptMs, rows: 0, bucketMs: bucketMs(keptMs) };
}
function rowRetention(calls: readonly PlannedCall[], lateMs: number): Retention {
  const endMs = Math.max(...calls.map(({ frame: { unit, end } }) => (unit === 'RANGE' ? end : 0)));
  const rows = calls.map(({ frame: { unit, start, end, maxSize } }) =>
    unit === 'ROWS' ? Math.max(start ?? 0, end + (maxSize ?? 0)) + 1 : (maxSize ?? 0),
  );
  return { keptMs: lateMs + endMs, rows: Math.max(...rows), bucketMs: Infinity };
}

/** What a mark is for an event whose value has not failed. */
const noMark: Expr = { kind: 'literal', value: null, type: BOOLEAN };

/** Collects the columns of a buffer: `frameCall` adds those that a call reads. */
function columnsOf(context: BuildContext): {
  readonly columns: Expr[];
  readonly frameCall: (call: PlannedCall) => FrameCall;
  /** Ends the collection: adds the columns of marks. */
  readonly addMarks: () => void;
} {
  const columns: Expr[] = [];
  const placeOf = (expr: Expr): number => {
    const known = columns.findIndex((column) => sameExpr(column, expr));
    return known >= 0 ? known : columns.push(expr) - 1;
  };
  const meanings: string[] = [];
  const calls: FrameCall[] = [];
  const frameCall = ({ fn, aggregator, args, filter, meaning }: PlannedCall): FrameCall => {
    const places = args.map((arg): ArgumentPlace =>
      arg.kind === 'literal' ? { constant: literalValue(arg) } : { column: placeOf(arg) },
    );
    const filterPlace = filter && placeOf(filter);
    // Calls with the same meaning share the summaries of chunks.
    const known = meanings.indexOf(meaning);
    const number = known >= 0 ? known : meanings.push(meaning) - 1;
    const isUsers = isUserFunction(fn);
    const report = (error: unknown): void => context.report(error, isUsers ? fn : 'OVER');
    const call = new FrameCall(aggregator, number, places, filterPlace, report, isUsers);
    calls.push(call);
    return call;
  };
  const addMarks = (): void => {
    const places = new Map<number, number>();
    for (const call of calls) {
      if (!call.mayFail) continue;
      const place = places.get(call.number) ?? columns.push(noMark) - 1;
      places.set(call.number, place);
      call.marks = place;
    }
  };
  return { columns, frameCall, addMarks };
}

/** A buffer for the calls with one kind of retention. */
function part(
  step: OverStep<Step>,
  name: 'time' | 'rows' | 'all',
  calls: readonly PlannedCall[],
  retention: Retention,
  context: BuildContext,
): OverPart & FormerPart & Pick<OverParts, 'meta'> {
  const { columns, frameCall, addMarks } = columnsOf(context);
  const frames: { frame: OverFrame; calls: FrameCall[]; outputs: number[] }[] = [];
  for (const call of calls) {
    let frame = frames.find((candidate) => sameData(candidate.frame, call.frame));
    if (frame === undefined) frames.push((frame = { frame: call.frame, calls: [], outputs: [] }));
    frame.calls.push(frameCall(call));
    frame.outputs.push(call.output);
  }
  addMarks();
  const specs = frames.map((group): FrameSpec => ({
    ...group,
    isUnbounded: name === 'all',
    isTrailing: isTrailing(group.frame) && !step.final,
  }));
  const store = chunked(step, context, name, columns.length);
  const base = name === 'all' ? keyValue<unknown[]>(step, context, 'base') : undefined;
  const buffer = new OverBuffer(store, base, specs, retention, columns.length);
  const folded =
    name === 'all' ? frames.flatMap(({ outputs }) => outputs.map((slot) => slot - step.input.columns.length)) : [];
  return { buffer, args: projection(columns, context), meta: store, columns, folded, keepsEvents: name !== 'all' };
}

/** A buffer for the calls over tiles of one length. */
function tiles(
  step: OverStep<Step>,
  tileMs: number,
  planned: readonly PlannedCall[],
  lateMs: number,
  context: BuildContext,
): OverPart & Pick<OverParts, 'meta'> {
  const { columns, frameCall, addMarks } = columnsOf(context);
  const calls: FrameCall[] = [];
  const frames: { rangeMs: number; calls: { call: number; output: number }[] }[] = [];
  for (const call of planned) {
    const rangeMs = call.frame.start!;
    let frame = frames.find((known) => known.rangeMs === rangeMs);
    if (frame === undefined) frames.push((frame = { rangeMs, calls: [] }));
    const bound = frameCall(call);
    calls[bound.number] ??= bound;
    frame.calls.push({ call: bound.number, output: call.output });
  }
  addMarks();
  const store = chunked(step, context, 'tiled', columns.length, tileMs);
  const retention = { keptMs: tileMs + lateMs, rows: 0, bucketMs: bucketMs(tileMs + lateMs) };
  const events = new OverBuffer(store, undefined, [], retention, columns.length, calls);
  const spec = {
    tileMs,
    calls,
    frames,
    keptMs: Math.max(...frames.map(({ rangeMs }) => rangeMs)) + tileMs + lateMs,
  };
  const buffer = new TileBuffer(events, windowed(step, context, 'tiles', undefined, tileMs), spec);
  return { buffer, args: projection(columns, context), meta: store };
}
