import { idsOf } from '../../bound/rows.ts';
import type { JoinPlace } from '../../expressions/compile.ts';
import type { LogicalJoin, LogicalNode, NodeOf } from '../logical/node.ts';
import { idsOfColumns, inSlot, inSlots, slotOf, stepColumns, type Lowered, type StepIds } from './lowered.ts';
import { placementOf, placed } from './placement.ts';
import { placedAlike } from './repartitions.ts';
import type { StepColumn } from './steps/base.ts';
import { withBefore, type Step } from './step.ts';
import { BIGINT, INTEGER, type SqlType } from '../../types/sql-type.ts';

type Lower = (node: LogicalNode) => Lowered;

export function lowerJoin(node: LogicalJoin, lower: Lower, ids: StepIds): Lowered {
  const [own, other] = [lower(node.left), lower(node.right)];
  const [left, { step: right, ids: rightIds }] = placedAlike(own, other, node.right.shape, ids);
  const { matches } = node;
  const base = {
    v: 1,
    columns: stepColumns(node.columns),
    row: rowOf(node, own.ids, rightIds),
    left,
    right,
    ...(matches === undefined ? {} : { matches: inSlot(matches, [...own.ids, ...rightIds]) }),
  } as const;
  const id = ids.take('Join');
  const step = node.versions === undefined ? joinStep(node, base, id) : temporalStep(node, base, id, own.ids, rightIds);
  return { step, ids: idsOfColumns(node.columns) };
}

type JoinParts = Pick<Extract<Step, { op: 'tableTableJoin' }>, 'v' | 'columns' | 'row' | 'left' | 'right' | 'matches'>;

function joinStep({ left, right, join, within }: LogicalJoin, base: JoinParts, id: string): Step {
  if (left.shape === 'STREAM' && right.shape === 'STREAM')
    return { ...base, op: 'streamStreamJoin', id, join, within: within! };
  if (left.shape === 'STREAM') return { ...base, op: 'streamTableJoin', id, join: join as 'INNER' | 'LEFT' };
  return { ...base, op: 'tableTableJoin', id, join };
}

function temporalStep(
  { join, versions }: LogicalJoin,
  base: JoinParts,
  id: string,
  left: Lowered['ids'],
  right: Lowered['ids'],
): Step {
  const { asOf, from, historyMs, ttlMs, waitMs, isStrict, order, orRecordTime } = versions!;
  return {
    ...base,
    v: 2,
    op: 'temporalJoin',
    id,
    join: join as 'INNER' | 'LEFT',
    ...(asOf === undefined ? {} : { asOf: inSlot(asOf, left) }),
    ...(from === undefined ? {} : { from: inSlot(from, right) }),
    versions: { historyMs, ttlMs, waitMs, order, orRecordTime, ...(isStrict === undefined ? {} : { isStrict }) },
  };
}

/** For each column of a join: the slot of the key or of a side that it is taken from. */
function rowOf({ keys, columns }: LogicalJoin, left: Lowered['ids'], right: Lowered['ids']): JoinPlace[] {
  const keyed = idsOf(keys);
  return columns.map(({ id }): JoinPlace => {
    if (keyed.has(id)) return { side: 'key', slot: keys.findIndex((key) => key.id === id) };
    return left.includes(id) ? { side: 'left', slot: slotOf(id, left) } : { side: 'right', slot: slotOf(id, right) };
  });
}

/** Merges a projection that only selects and renames columns into the join below it, so that no row is built twice. */
export function pickedJoin({ step, ids }: Lowered, { exprs, columns }: NodeOf<'project'>): Lowered | undefined {
  if (!('row' in step)) return undefined;
  const row: JoinPlace[] = [];
  for (const { expr } of exprs) {
    if (expr.kind !== 'column') return undefined;
    row.push(step.row[slotOf(expr.id, ids)]!);
  }
  return { step: { ...step, columns: stepColumns(columns), row }, ids: idsOfColumns(columns) };
}

const value = (name: string, type: SqlType): StepColumn => ({ name, type, role: 'value' });
const key = (name: string, type: SqlType): StepColumn => ({ name, type, role: 'key' });
const values = (columns: readonly StepColumn[]): StepColumn[] => columns.map(({ name, type }) => value(name, type));
/** Internal columns that order the messages of a left row: its version, and the kind of message. */
const note = [value('KSQL_INTERNAL_VERSION', BIGINT), value('KSQL_INTERNAL_ORDER', INTEGER)];

/** Sends rows through a repartition to another part of the query. */
const sent = (input: Step, word: string, ids: StepIds): Step => ({
  op: 'repartition',
  v: 1,
  id: ids.take(`${word}-repartition`),
  columns: input.columns,
  input,
  shape: 'STREAM',
});

/** The left table's rows, repartitioned by the foreign key. */
function subscriptions({ join, foreignKeys }: NodeOf<'foreignKeyJoin'>, own: Lowered, ids: StepIds): Step {
  const left = own.step;
  const keys = left.columns.filter(({ role }) => role === 'key');
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
    foreignKeys: inSlots(foreignKeys, own.ids),
    join,
  };
  return sent(subscribe, 'Subscribe', ids);
}

/**
 * Lowers a foreign-key join to three parts: one partitioned as the left table, one as the right table, and one by the left key
 * that keeps the newest answer.
 */
export function lowerForeignKeyJoin(node: NodeOf<'foreignKeyJoin'>, lower: Lower, ids: StepIds): Lowered {
  const { join, matches } = node;
  const [own, other] = [lower(node.left), lower(node.right)];
  const [left, right] = [own.step, other.step];
  const keys = left.columns.filter(({ role }) => role === 'key');
  const subscribed = subscriptions(node, own, ids);
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
    left: like === undefined ? subscribed : placed(subscribed, like),
    right,
    join,
    keyCount: keys.length,
    ...(matches === undefined ? {} : { matches: inSlot(matches, [...own.ids, ...other.ids]) }),
  };
  const answers = sent(lookup, 'Lookup', ids);
  const step: Step = {
    op: 'foreignKeyResolve',
    v: 1,
    id: ids.take('Resolve'),
    columns: stepColumns(node.columns),
    input: answers,
    keyCount: keys.length,
  };
  return { step, ids: idsOfColumns(node.columns) };
}
