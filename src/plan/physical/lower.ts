import { SqlError } from '../../diagnostics/sql-error.ts';
import type { BoundCondition, ConditionOf, FinalMatch } from '../../bound/match.ts';
import { mapNavigation } from '../../specs/pattern.ts';
import { callsIn, idsIn, literal, type BoundExpr, type Expr } from '../../expressions/node.ts';
import { isUserFunction } from '../../functions/registry.ts';
import { isKeyedBy, monitorExprs, type LogicalNode, type NodeOf } from '../logical/node.ts';
import { lowerForeignKeyJoin, lowerJoin, pickedJoin } from './lower-join.ts';
import { idsOfColumns, inSlot, inSlots, slotOf, stepColumns, StepIds, type Lowered } from './lowered.ts';
import { placedBy, repartitioned, type MovedFor } from './repartitions.ts';
import type { StepCall } from './steps/base.ts';
import { factsOf, withBefore, type Step } from './step.ts';
import { toldOfCalls } from '../../types/model.ts';
import { STRING } from '../../types/sql-type.ts';
import { windowedOps } from './steps/windowed-aggregate.ts';

type Lowering<K extends LogicalNode['kind']> = (
  node: NodeOf<K>,
  lower: (node: LogicalNode) => Lowered,
  ids: StepIds,
) => Lowered;

/** The most rows of a partition that a ranking gives: they are one entry of its state. */
const mostRanked = 10_000;

/** A condition or measure of a pattern: over rows it reads slots, over what it takes from them the number of the navigation. */
const lowered = ({ navigations, columns, expr }: BoundCondition, ids: Lowered['ids']): ConditionOf<Expr> => ({
  navigations: navigations.map((navigation) => mapNavigation(navigation, (each) => inSlot(each, ids))),
  expr: inSlot(
    expr,
    columns.map(({ id }) => id),
  ),
});

/** Puts rows in order of time. */
function sorted(
  { step, ids: columns }: Lowered,
  partition: readonly BoundExpr[],
  time: BoundExpr,
  final: FinalMatch,
  ids: StepIds,
): Lowered {
  const sort: Step = {
    op: 'sort',
    v: 1,
    id: ids.take('Sort'),
    columns: step.columns,
    input: step,
    partitionBy: inSlots(partition, columns),
    orderBy: inSlot(time, columns),
    thenBy: final.thenBy.map(({ expr, ...order }) => ({ expr: inSlot(expr, columns), ...order })),
    graceMs: final.graceMs,
  };
  return { step: sort, ids: columns };
}

/** Rows of which only some columns are read: where a topic's keys are not among them, they need not be decoded. */
function withoutKey(below: Lowered, read: readonly number[]): Lowered {
  const { step } = below;
  if (step.op !== 'streamSource' || step.columns.some(({ role }, slot) => role === 'key' && read.includes(slot)))
    return below;
  return { ...below, step: { ...step, keyUnread: true } };
}

/** A step whose columns are those of its node. */
const gives = (node: LogicalNode, step: Step): Lowered => ({ step, ids: idsOfColumns(node.columns) });

/** The lowerings of all logical nodes; a kind without an entry does not compile. */
const lowerings: { readonly [K in LogicalNode['kind']]: Lowering<K> } = {
  source: (node, _lower, ids) => {
    const { source, reads, parts, nearest, columns } = node;
    return gives(node, {
      op: node.shape === 'STREAM' ? 'streamSource' : 'tableSource',
      v: 1,
      id: ids.take('Source'),
      columns: stepColumns(columns),
      source,
      reads,
      ...(parts === undefined ? {} : { parts }),
      ...(nearest === undefined ? {} : { nearest }),
    });
  },
  filter: (node, lower, ids) => {
    const below = lower(node.input);
    const id = ids.take('Filter');
    const predicate = inSlot(node.predicate, below.ids);
    // A source's decoder evaluates its predicate record by record. User code is watched in batches, so it gets a filter step of
    // its own.
    const callsUserCode = callsIn(predicate).some(isUserFunction);
    if (below.step.op === 'streamSource' && below.step.where === undefined && !callsUserCode)
      return { ...below, step: { ...below.step, where: predicate } };
    // HAVING emits a tombstone only for a row that existed before: the aggregation must give the previous row.
    const input = factsOf(below.step).before === 'asked' ? withBefore(below.step) : below.step;
    const step: Step = {
      ...(node.shape === 'STREAM' ? { op: 'streamFilter', v: 1 } : { op: 'tableFilter', v: 2 }),
      id,
      columns: input.columns,
      input,
      predicate,
      // A row that never matched needs no tombstone.
      ...(node.shape === 'TABLE' ? { silent: true as const } : {}),
      ...(node.distinct ? { distinct: timeOf(input) } : {}),
    };
    return { step, ids: below.ids };
  },
  project: (node, lower, ids) => {
    const input = lower(node.input);
    const id = ids.take('Project');
    const picked = pickedJoin(input, node);
    if (picked !== undefined) return picked;
    const exprs = inSlots(
      node.exprs.map(({ expr }) => expr),
      input.ids,
    );
    return gives(node, { op: 'project', v: 1, id, columns: stepColumns(node.columns), input: input.step, exprs });
  },
  flatMap: (node, lower, ids) => {
    const input = lower(node.input);
    return gives(node, {
      op: 'flatMap',
      v: 1,
      id: ids.take('FlatMap'),
      columns: stepColumns(node.columns),
      input: input.step,
      functions: calls(node.functions, input),
    });
  },
  rekey: (node, lower, ids) => {
    const input = lower(node.input);
    const keys = inSlots(
      node.keys.map(({ expr }) => expr),
      input.ids,
    );
    const rest = node.columns.slice(keys.length).map(({ id }) => slotOf(id, input.ids));
    const { shape, columns } = node;
    const dropNullKeys = node.purpose === 'join';
    const parts = { columns: stepColumns(columns), keys, rest, shape, dropNullKeys, word: 'PartitionBy' };
    return gives(node, repartitioned(input.step, parts, ids));
  },
  aggregate: (node, lower, ids) => {
    const input = groupInput(node, lower, ids);
    const base = {
      v: 1,
      columns: stepColumns(node.columns),
      input: input.step,
      keyCount: node.keys.length,
      aggregates: calls(node.aggregates, input),
      ...(node.set === 'standard' && { set: node.set }),
      ...(node.distinct && { distinct: true as const }),
    } as const;
    const id = ids.take('Aggregate');
    const { window, final } = node;
    if (node.input.shape === 'TABLE') return gives(node, { ...base, op: 'tableAggregate', id });
    if (window === undefined) return gives(node, { ...base, op: 'streamAggregate', id });
    return gives(node, { ...base, op: windowedOps[window.type], id, window, final });
  },
  join: lowerJoin,
  foreignKeyJoin: lowerForeignKeyJoin,
  union: (node, lower, ids) => {
    const left = lower(node.left).step;
    const right = lower(node.right).step;
    return gives(node, { op: 'union', v: 1, id: ids.take('Union'), columns: stepColumns(node.columns), left, right });
  },
  over: (node, lower, ids) => {
    const below = lower(node.input);
    const isPlaced = isKeyedBy(node.input, node.partitionBy);
    const input = isPlaced ? below : movedBy(below, inSlots(node.partitionBy, below.ids), 'STREAM', 'Over', ids);
    if (node.firstOnly === true) {
      const { final, graceMs } = node;
      const rows = final ? sorted(input, node.partitionBy, node.orderBy, { graceMs, thenBy: [] }, ids) : input;
      return gives(node, {
        op: 'dedup',
        v: 1,
        id: ids.take('Dedup'),
        columns: stepColumns(node.columns),
        input: rows.step,
        partitionBy: inSlots(node.partitionBy, rows.ids),
        orderBy: inSlot(node.orderBy, rows.ids),
        numbers: node.calls.length,
        graceMs: final ? 0 : graceMs,
      });
    }
    return gives(node, {
      op: 'over',
      v: 3,
      id: ids.take('Over'),
      columns: stepColumns(node.columns),
      input: input.step,
      partitionBy: inSlots(node.partitionBy, input.ids),
      orderBy: inSlot(node.orderBy, input.ids),
      calls: node.calls.map(({ fn, args, type, frame, filter, ignoreNulls }) => ({
        fn,
        args: inSlots(args, input.ids),
        type,
        frame,
        filter: filter && inSlot(filter, input.ids),
        ignoreNulls,
      })),
      aggregates: node.aggregates,
      graceMs: node.graceMs,
      final: node.final,
      ...(node.among && { among: node.among }),
    });
  },
  rank: (node, lower, ids) => {
    const { limit } = node;
    if (limit === undefined || limit > mostRanked) {
      const few = 'the number of every row changes with each row that comes before it';
      const why = limit === undefined ? few : `a partition keeps ${mostRanked} rows at most, not ${limit}`;
      throw new SqlError('RANK_UNBOUNDED', node.span, { why });
    }
    const below = lower(node.input);
    const { shape } = node.input;
    const partition = node.partitionBy.map(({ expr }) => expr);
    // Without PARTITION BY all rows come together under one key.
    const keys = partition.length === 0 ? [literal(STRING, '')] : inSlots(partition, below.ids);
    const input = isGrouped(node.input, partition) ? below : movedBy(below, keys, shape, 'Rank', ids);
    const placeAt = new Map(node.places.map(({ id, kind }) => [id, kind]));
    const values = node.columns.slice(partition.length + 1).map(({ id }) => id);
    const rest = values.filter((id) => !placeAt.has(id)).map((id) => slotOf(id, input.ids));
    const places = values.flatMap((id) => placeAt.get(id) ?? []);
    return gives(node, {
      op: 'rank',
      v: 1,
      id: ids.take('Rank'),
      columns: stepColumns(node.columns),
      input: input.step,
      orderBy: node.orderBy.map(({ expr, ...order }) => ({ expr: inSlot(expr, input.ids), ...order })),
      identity: shape === 'TABLE' ? inSlots(node.identity, input.ids) : undefined,
      rest,
      ...(places.length > 0 && { places }),
      limit,
    });
  },
  match: (node, lower, ids) => {
    const below = lower(node.input);
    const partition = node.partitionBy.map(({ expr }) => expr);
    const isPlaced = partition.length > 0 && isKeyedBy(node.input, partition);
    const keys = partition.length === 0 ? [literal(STRING, '')] : inSlots(partition, below.ids);
    const placed = isPlaced ? below : movedBy(below, keys, 'STREAM', 'Match', ids);
    const input = node.final === undefined ? placed : sorted(placed, partition, node.orderBy, node.final, ids);
    const { variables, pattern, skip, withinMs } = node;
    const found = { variables, pattern, skip, withinMs };
    return gives(node, {
      op: 'match',
      v: 1,
      id: ids.take('Match'),
      columns: stepColumns(node.columns),
      input: input.step,
      partitionBy: inSlots(partition, input.ids),
      orderBy: inSlot(node.orderBy, input.ids),
      ...found,
      conditions: node.conditions.map((condition) => (condition === undefined ? null : lowered(condition, input.ids))),
      measures: node.measures.map((measure) => lowered(measure, input.ids)),
    });
  },
  invoke: (node, lower, ids) => {
    const input = lower(node.input);
    const { columns, model, version, args, routeBy } = node;
    const { OUTPUT_MODE: mode, ...options } = node.options;
    const kind = mode === 'UNORDERED' ? ({ op: 'invokeUnordered', v: 1 } as const) : ({ op: 'invoke', v: 4 } as const);
    return gives(node, {
      ...kind,
      id: ids.take('Invoke'),
      columns: stepColumns(columns),
      input: input.step,
      model,
      version,
      args: inSlots(args, input.ids),
      routeBy: inSlots(routeBy, input.ids),
      options,
      outputs: node.outputs.map(({ name, type }) => ({ output: name, type })),
      told: toldOfCalls.length,
    });
  },
  monitor: (node, lower, ids) => {
    const below = lower(node.input);
    // Segments that are compared with one of them come together.
    const isWhole = node.segments.length === 0 || node.spec.baselineSegment !== undefined;
    const keys = isWhole ? [literal(STRING, '')] : inSlots(node.segments, below.ids);
    const read = idsIn(monitorExprs(node));
    const rest = below.ids.flatMap((id, slot) => (id !== undefined && read.has(id) ? [slot] : []));
    const input = movedBy(withoutKey(below, rest), keys, 'STREAM', 'Monitor', ids, rest);
    return gives(node, {
      op: 'monitor',
      v: 1,
      id: ids.take('Monitor'),
      columns: stepColumns(node.columns),
      input: input.step,
      segments: inSlots(node.segments, input.ids),
      values: inSlots(node.values, input.ids),
      time: inSlot(node.time, input.ids),
      ...(node.label && { label: inSlot(node.label, input.ids) }),
      ...(node.score && { score: inSlot(node.score, input.ids) }),
      spec: node.spec,
    });
  },
};

/** Of a table a group may have gone and come again since it was told of. */
const timeOf = (input: Step): { readonly time?: number } =>
  input.op === 'tableAggregate' ? { time: input.keyCount + input.aggregates.length } : {};

const calls = (
  all: readonly Pick<NodeOf<'aggregate'>['aggregates'][number], 'fn' | 'args' | 'type' | 'filter'>[],
  { ids }: Lowered,
): StepCall[] =>
  all.map(({ fn, args, type, filter }) => ({
    fn,
    args: inSlots(args, ids),
    type,
    ...(filter === undefined ? {} : { filter: inSlot(filter, ids) }),
  }));

/** Repartitions rows by another key for one step. The new key columns come before the row's own columns, or those in `rest`. */
function movedBy(
  { step, ids }: Lowered,
  keys: Parameters<typeof placedBy>[1],
  shape: 'STREAM' | 'TABLE',
  word: MovedFor,
  stepIds: StepIds,
  rest: readonly number[] = step.columns.map((_, slot) => slot),
): Lowered {
  return {
    step: placedBy(step, keys, shape, word, stepIds, rest),
    ids: [...keys.map(() => undefined), ...rest.map((slot) => ids[slot])],
  };
}

/** Whether the rows of one value of an expression are together already: those of a stream that has it as its key. */
const isGrouped = (input: LogicalNode, exprs: Parameters<typeof isKeyedBy>[1]): boolean =>
  input.shape === 'STREAM' && exprs.length === 1 && input.windowed === undefined && isKeyedBy(input, exprs);

/** The input of a grouping; grouping by the current key needs no repartition. */
function groupInput(node: NodeOf<'aggregate'>, lower: (node: LogicalNode) => Lowered, ids: StepIds): Lowered {
  const input = lower(node.input);
  const exprs = node.keys.map(({ expr }) => expr);
  return isGrouped(node.input, exprs)
    ? input
    : movedBy(input, inSlots(exprs, input.ids), node.input.shape, 'GroupBy', ids);
}

/** Converts a logical plan to steps. */
export function lower(node: LogicalNode): Step {
  const ids = new StepIds();
  const visit = (part: LogicalNode): Lowered =>
    (lowerings[part.kind] as Lowering<LogicalNode['kind']>)(part, visit, ids);
  return visit(node).step;
}
