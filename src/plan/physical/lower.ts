import { callsIn } from '../../expressions/node.ts';
import { isUserFunction } from '../../functions/registry.ts';
import { isKeyedBy, type LogicalNode, type NodeOf } from '../logical/node.ts';
import { lowerForeignKeyJoin, lowerJoin, pickedJoin } from './lower-join.ts';
import { idsOfColumns, inSlot, inSlots, slotOf, stepColumns, StepIds, type Lowered } from './lowered.ts';
import { placedBy, repartitioned } from './repartitions.ts';
import type { StepCall } from './steps/base.ts';
import { factsOf, withBefore, type Step } from './step.ts';

type Lowering<K extends LogicalNode['kind']> = (
  node: NodeOf<K>,
  lower: (node: LogicalNode) => Lowered,
  ids: StepIds,
) => Lowered;

/** A step that gives the columns of its node. */
const gives = (node: LogicalNode, step: Step): Lowered => ({ step, ids: idsOfColumns(node.columns) });

/** A logical kind with no entry here does not compile. */
const lowerings: { readonly [K in LogicalNode['kind']]: Lowering<K> } = {
  source: (node, _lower, ids) => {
    const { source, reads, columns } = node;
    return gives(node, {
      op: node.shape === 'STREAM' ? 'streamSource' : 'tableSource',
      v: 1,
      id: ids.take('Source'),
      columns: stepColumns(columns),
      source,
      reads,
    });
  },
  filter: (node, lower, ids) => {
    const below = lower(node.input);
    const id = ids.take('Filter');
    const predicate = inSlot(node.predicate, below.ids);
    // A decoder tests records one by one: user code is watched in batches, by a step of its own.
    const callsUserCode = callsIn(predicate).some(isUserFunction);
    if (below.step.op === 'streamSource' && below.step.where === undefined && !callsUserCode)
      return { ...below, step: { ...below.step, where: predicate } };
    // HAVING sends a tombstone only for a row that was there.
    const input = factsOf(below.step).before === 'asked' ? withBefore(below.step) : below.step;
    const step: Step = {
      op: node.shape === 'STREAM' ? 'streamFilter' : 'tableFilter',
      v: 1,
      id,
      columns: input.columns,
      input,
      predicate,
      // A client is told that a row is gone only if it was there.
      ...(ids.transient && node.shape === 'TABLE' ? { silent: true as const } : {}),
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
    const dropNullKeys = node.purpose !== 'partitionBy';
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
    } as const;
    const id = ids.take('Aggregate');
    const { window, final } = node;
    if (node.input.shape === 'TABLE') return gives(node, { ...base, op: 'tableAggregate', id });
    if (window === undefined) return gives(node, { ...base, op: 'streamAggregate', id });
    const op = window.type === 'SESSION' ? 'sessionAggregate' : 'windowedAggregate';
    return gives(node, { ...base, op, id, window, final });
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
    return gives(node, {
      op: 'over',
      v: 1,
      id: ids.take('Over'),
      columns: stepColumns(node.columns),
      input: input.step,
      partitionBy: inSlots(node.partitionBy, input.ids),
      orderBy: inSlot(node.orderBy, input.ids),
      calls: node.calls.map(({ fn, args, type, frame }) => ({ fn, args: inSlots(args, input.ids), type, frame })),
    });
  },
  invoke: (node, lower, ids) => {
    const input = lower(node.input);
    const { columns, model, version, args, onError } = node;
    return gives(node, {
      op: 'invoke',
      v: 1,
      id: ids.take('Invoke'),
      columns: stepColumns(columns),
      input: input.step,
      model,
      version,
      args: inSlots(args, input.ids),
      onError,
      outputs: node.outputs.map(({ name, type }) => ({ output: name, type })),
    });
  },
};

const calls = (
  all: readonly Pick<NodeOf<'aggregate'>['aggregates'][number], 'fn' | 'args' | 'type'>[],
  { ids }: Lowered,
): StepCall[] => all.map(({ fn, args, type }) => ({ fn, args: inSlots(args, ids), type }));

/** Rows by another key for the work of one step, behind the keys that place them. */
function movedBy(
  { step, ids }: Lowered,
  keys: Parameters<typeof placedBy>[1],
  shape: 'STREAM' | 'TABLE',
  word: 'Over' | 'GroupBy',
  stepIds: StepIds,
): Lowered {
  return { step: placedBy(step, keys, shape, word, stepIds), ids: [...keys.map(() => undefined), ...ids] };
}

/** A grouping by the key as it is needs no repartition. */
function groupInput(node: NodeOf<'aggregate'>, lower: (node: LogicalNode) => Lowered, ids: StepIds): Lowered {
  const input = lower(node.input);
  const exprs = node.keys.map(({ expr }) => expr);
  const isPlaced =
    node.input.shape === 'STREAM' &&
    exprs.length === 1 &&
    node.input.windowed === undefined &&
    isKeyedBy(node.input, exprs);
  return isPlaced ? input : movedBy(input, inSlots(exprs, input.ids), node.input.shape, 'GroupBy', ids);
}

/** Turns a logical plan into steps; `transient`: its rows go to a client. */
export function lower(node: LogicalNode, transient = false): Step {
  const ids = new StepIds(transient);
  const visit = (part: LogicalNode): Lowered =>
    (lowerings[part.kind] as Lowering<LogicalNode['kind']>)(part, visit, ids);
  return visit(node).step;
}
