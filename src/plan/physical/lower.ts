import { callsIn, type Expr } from '../../expressions/node.ts';
import { isUserFunction } from '../../functions/registry.ts';
import { BIGINT, INTEGER } from '../../types/sql-type.ts';
import {
  isKeyedBy,
  keysOf,
  type JoinNode,
  type LogicalNode,
  type NamedExpr,
  type NodeOf,
  type PlanColumn,
} from '../logical/node.ts';
import { samePlacement, placementOf, placed } from './placement.ts';
import { withBefore, type Step } from './step.ts';

/** Names the steps of one plan in the order in which they are met. */
class Ids {
  #next = 0;
  readonly transient: boolean;

  constructor(transient: boolean) {
    this.transient = transient;
  }
  take(word: string): string {
    return `${word}-${this.#next++}`;
  }
}

type Lowering<K extends LogicalNode['kind']> = (node: NodeOf<K>, lower: (node: LogicalNode) => Step, ids: Ids) => Step;

/** A logical kind with no entry here does not compile. */
const lowerings: { readonly [K in LogicalNode['kind']]: Lowering<K> } = {
  source: (node, _lower, ids) => {
    const { source, reads, columns } = node;
    return {
      op: node.shape === 'STREAM' ? 'streamSource' : 'tableSource',
      v: 1,
      id: ids.take('Source'),
      columns,
      source,
      reads,
    };
  },
  filter: (node, lower, ids) => {
    const below = lower(node.input);
    const id = ids.take('Filter');
    // A decoder tests records one by one: user code is watched in batches, by a step of its own.
    const callsUserCode = callsIn(node.predicate).some(isUserFunction);
    if (below.op === 'streamSource' && below.where === undefined && !callsUserCode)
      return { ...below, where: node.predicate };
    // HAVING sends a tombstone only for a row that was there.
    const input = 'aggregates' in below ? { ...below, withBefore: true as const } : below;
    return {
      op: node.shape === 'STREAM' ? 'streamFilter' : 'tableFilter',
      v: 1,
      id,
      columns: node.columns,
      input,
      predicate: node.predicate,
      // A client is told that a row is gone only if it was there.
      ...(ids.transient && node.shape === 'TABLE' ? { silent: true as const } : {}),
    };
  },
  project: (node, lower, ids) => {
    const input = lower(node.input);
    const id = ids.take('Project');
    return (
      pickedJoin(input, node.columns, node.exprs) ?? {
        op: 'project',
        v: 1,
        id,
        columns: node.columns,
        input,
        exprs: node.exprs,
      }
    );
  },
  flatMap: (node, lower, ids) => {
    const input = lower(node.input);
    return {
      op: 'flatMap',
      v: 1,
      id: ids.take('FlatMap'),
      columns: node.columns,
      input,
      functions: node.functions.map(({ fn, args, type }) => ({ fn, args, type })),
    };
  },
  rekey: (node, lower, ids) =>
    repartitioned(
      node.columns,
      node.keys.map(({ expr }) => expr),
      lower(node.input),
      node.shape,
      node.purpose !== 'partitionBy',
      'PartitionBy',
      ids,
    ),
  aggregate: (node, lower, ids) => {
    const input = grouped(node, lower, ids);
    const base = {
      v: 1,
      columns: node.columns,
      input,
      keyCount: node.keys.length,
      aggregates: node.aggregates,
    } as const;
    const id = ids.take('Aggregate');
    if (node.input.shape === 'TABLE') return { ...base, op: 'tableAggregate', id };
    if (node.window === undefined) return { ...base, op: 'streamAggregate', id };
    return {
      ...base,
      op: node.window.type === 'SESSION' ? 'sessionAggregate' : 'windowedAggregate',
      id,
      window: node.window,
      final: node.final,
    };
  },
  join: lowerJoin,
  foreignKeyJoin: lowerForeignKeyJoin,
  union: (node, lower, ids) => {
    const left = lower(node.left);
    const right = lower(node.right);
    return { op: 'union', v: 1, id: ids.take('Union'), columns: node.columns, left, right };
  },
  over: (node, lower, ids) => {
    const input = lower(node.input);
    const placed = isKeyedBy(node.input, node.partitionBy) ? input : repartition(input, node.partitionBy, 'Over', ids);
    return {
      op: 'over',
      v: 1,
      id: ids.take('Over'),
      columns: node.columns,
      input: placed,
      partitionBy: node.partitionBy,
      orderBy: node.orderBy,
      calls: node.calls,
    };
  },
  invoke: (node, lower, ids) => {
    const input = lower(node.input);
    const { columns, model, version, args, onError } = node;
    return {
      op: 'invoke',
      v: 1,
      id: ids.take('Invoke'),
      columns,
      input,
      model,
      version,
      args,
      onError,
      outputs: node.outputs.map(({ output, type }) => ({ output, type })),
    };
  },
};

/** Rows by another key for the work of one step, their own key columns staying as they are. */
function repartition(input: Step, keys: readonly Expr[], word: string, ids: Ids): Step {
  // The rows keep their key columns; the keys they are placed by come first under names of their own.
  const columns: PlanColumn[] = [
    ...keys.map((expr, i): PlanColumn => ({ name: `KSQL_INTERNAL_KEY_${i}`, type: expr.type, role: 'key' })),
    ...input.columns.map((column): PlanColumn => ({ ...column, role: 'value' })),
  ];
  return repartitioned(columns, keys, input, 'STREAM', true, word, ids);
}

function repartitioned(
  columns: readonly PlanColumn[],
  keys: readonly Expr[],
  input: Step,
  shape: 'STREAM' | 'TABLE',
  dropNullKeys: boolean,
  word: string,
  ids: Ids,
): Step {
  const rekey: Step = {
    op: shape === 'STREAM' ? 'streamRekey' : 'tableRekey',
    v: 1,
    id: ids.take(word),
    columns,
    input: shape === 'TABLE' ? withBefore(input) : input,
    keys,
    dropNullKeys,
  };
  return { op: 'repartition', v: 1, id: ids.take(`${word}-repartition`), columns, input: rekey, shape };
}

/** A grouping by the key as it is needs no repartition. */
function grouped(node: NodeOf<'aggregate'>, lower: (node: LogicalNode) => Step, ids: Ids): Step {
  const input = lower(node.input);
  const [only] = node.keys;
  if (
    node.input.shape === 'STREAM' &&
    node.keys.length === 1 &&
    node.input.windowed === undefined &&
    isKeyedBy(node.input, [only!.expr])
  )
    return input;
  const groupColumns = node.keys.map(({ expr }, i): PlanColumn => ({
    name: `KSQL_INTERNAL_KEY_${i}`,
    type: expr.type,
    role: 'key',
  }));
  const columns = [...groupColumns, ...input.columns.map((column): PlanColumn => ({ ...column, role: 'value' }))];
  return repartitioned(
    columns,
    node.keys.map(({ expr }) => expr),
    input,
    node.input.shape,
    true,
    'GroupBy',
    ids,
  );
}

function lowerJoin(node: JoinNode, lower: (node: LogicalNode) => Step, ids: Ids): Step {
  const [left, right] = placedAlike(lower(node.left), lower(node.right), node.right.shape, ids);
  const { columns, matches, keyNames: keys } = node;
  const base = { v: 1, columns, keys, left, right, ...(matches === undefined ? {} : { matches }) } as const;
  const id = ids.take('Join');
  if (node.left.shape === 'STREAM' && node.right.shape === 'STREAM')
    return { ...base, op: 'streamStreamJoin', id, join: node.join, within: node.within! };
  if (node.left.shape === 'STREAM') return { ...base, op: 'streamTableJoin', id, join: node.join as 'INNER' | 'LEFT' };
  return { ...base, op: 'tableTableJoin', id, join: node.join };
}

/**
 * Both sides of a join with their rows placed alike: what is repartitioned anyway goes where the other side's topic has its rows, and
 * of two topics with keys of different bytes the right one is repartitioned.
 */
function placedAlike(left: Step, right: Step, rightShape: 'STREAM' | 'TABLE', ids: Ids): [Step, Step] {
  const [own, other] = [placementOf(left), placementOf(right)];
  if (samePlacement(own, other)) return [left, right];
  if (own === undefined) return [placed(left, other!), right];
  if (other === undefined) return [left, placed(right, own)];
  const keys = keysOf(right.columns);
  const columns = [...keys, ...right.columns.filter(({ role }) => role !== 'key')];
  const moved = repartitioned(
    columns,
    keys.map(({ name, type }): Expr => ({ kind: 'column', name, type })),
    right,
    rightShape,
    rightShape === 'TABLE',
    'Join',
    ids,
  );
  return [left, placed(moved, own)];
}

/** Three parts: the left table's, the right table's, and one by the left table's key that puts the answers in order. */
function lowerForeignKeyJoin(node: NodeOf<'foreignKeyJoin'>, lower: (node: LogicalNode) => Step, ids: Ids): Step {
  const { join, foreignKeys, matches } = node;
  const left = lower(node.left);
  const right = lower(node.right);
  const keys = keysOf(left.columns);
  const value = (name: string, type: PlanColumn['type']): PlanColumn => ({ name, type, role: 'value' });
  const key = (name: string, type: PlanColumn['type']): PlanColumn => ({ name, type, role: 'key' });
  const note = [value('KSQL_INTERNAL_VERSION', BIGINT), value('KSQL_INTERNAL_ORDER', INTEGER)];
  const values = (columns: readonly PlanColumn[]): PlanColumn[] => columns.map(({ name, type }) => value(name, type));
  const subscribe: Step = {
    op: 'foreignKeySubscribe',
    v: 1,
    id: ids.take('Subscribe'),
    columns: [
      ...foreignKeys.map(({ type }, i) => key(`KSQL_INTERNAL_KEY_${i}`, type)),
      ...keys.map(({ type }, i) => value(`KSQL_INTERNAL_LEFT_${i}`, type)),
      ...note,
      ...values(left.columns),
    ],
    input: withBefore(left),
    foreignKeys,
    join,
  };
  const subscriptions: Step = {
    op: 'repartition',
    v: 1,
    id: ids.take('Subscribe-repartition'),
    columns: subscribe.columns,
    input: subscribe,
    shape: 'STREAM',
  };
  const like = placementOf(right);
  const lookup: Step = {
    op: 'foreignKeyLookup',
    v: 1,
    id: ids.take('Lookup'),
    columns: [
      ...keys.map(({ type }, i) => key(`KSQL_INTERNAL_LEFT_${i}`, type)),
      ...note,
      ...values(left.columns),
      ...values(right.columns),
    ],
    left: like === undefined ? subscriptions : placed(subscriptions, like),
    right,
    join,
    keyCount: keys.length,
    leftColumns: left.columns,
    ...(matches === undefined ? {} : { matches }),
  };
  const answers: Step = {
    op: 'repartition',
    v: 1,
    id: ids.take('Lookup-repartition'),
    columns: lookup.columns,
    input: lookup,
    shape: 'STREAM',
  };
  return {
    op: 'foreignKeyResolve',
    v: 1,
    id: ids.take('Resolve'),
    columns: node.columns,
    input: answers,
    keyCount: keys.length,
  };
}

/** A join that gives the rows of a projection over it, when that only picks and renames: no row is made twice. */
function pickedJoin(input: Step, columns: readonly PlanColumn[], exprs: readonly NamedExpr[]): Step | undefined {
  if (!('left' in input) || input.op === 'foreignKeyLookup' || input.op === 'union' || input.picks !== undefined)
    return undefined;
  const picks: PlanColumn[] = [];
  for (const { expr } of exprs) {
    const picked = expr.kind === 'column' ? input.columns.find(({ name }) => name === expr.name) : undefined;
    if (picked === undefined) return undefined;
    picks.push(picked);
  }
  return { ...input, columns, picks };
}

/** Turns a logical plan into steps; `transient`: its rows go to a client. */
export function lower(node: LogicalNode, transient = false): Step {
  const ids = new Ids(transient);
  const visit = (each: LogicalNode): Step => (lowerings[each.kind] as Lowering<LogicalNode['kind']>)(each, visit, ids);
  return visit(node);
}
