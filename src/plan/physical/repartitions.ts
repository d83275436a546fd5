import { slotColumn, type Expr } from '../../expressions/node.ts';
import { samePlacement, placementOf, placed } from './placement.ts';
import type { Lowered, StepIds } from './lowered.ts';
import type { StepColumn } from './steps/base.ts';
import { withBefore, type Step } from './step.ts';

/** A new key for rows, which are then repartitioned by it; `rest` lists the slots of the other columns. */
interface NewKey {
  readonly columns: readonly StepColumn[];
  readonly keys: readonly Expr[];
  readonly rest: readonly number[];
  readonly shape: 'STREAM' | 'TABLE';
  readonly dropNullKeys: boolean;
  readonly word: string;
}

/** Rekeys and repartitions rows. */
export function repartitioned(input: Step, parts: NewKey, ids: StepIds): Step {
  const { columns, keys, rest, shape, dropNullKeys, word } = parts;
  const rekey: Step = {
    op: shape === 'STREAM' ? 'streamRekey' : 'tableRekey',
    v: 1,
    id: ids.take(word),
    columns,
    input: shape === 'TABLE' ? withBefore(input) : input,
    keys,
    rest,
    dropNullKeys,
  };
  return { op: 'repartition', v: 1, id: ids.take(`${word}-repartition`), columns, input: rekey, shape };
}

/** What rows are moved for by another key than their own. */
export type MovedFor = 'Over' | 'GroupBy' | 'Rank' | 'Match' | 'Monitor';

/** Repartitions rows by another key for one step: the new key columns come first, then those of the row in `rest`. */
export function placedBy(
  input: Step,
  keys: readonly Expr[],
  shape: NewKey['shape'],
  word: MovedFor,
  ids: StepIds,
  rest: readonly number[],
): Step {
  const columns: StepColumn[] = [
    ...keys.map(({ type }, i): StepColumn => ({ name: `KSQL_INTERNAL_KEY_${i}`, type, role: 'key' })),
    ...rest.map((slot): StepColumn => ({ ...input.columns[slot]!, role: 'value' })),
  ];
  // Grouping and ranking drop rows whose key is NULL; PARTITION BY, OVER and monitors keep them.
  const dropNullKeys = word !== 'Over' && word !== 'Monitor';
  return repartitioned(input, { columns, keys, rest, shape, dropNullKeys, word }, ids);
}

/**
 * Co-partitions both sides of a join. A side that is repartitioned anyway takes the placement of the other side's topic. If
 * both are topics whose key bytes differ, the right side is repartitioned.
 */
export function placedAlike(
  { step: left }: Lowered,
  side: Lowered,
  rightShape: NewKey['shape'],
  ids: StepIds,
): [Step, Lowered] {
  const { step: right } = side;
  const [own, other] = [placementOf(left), placementOf(right)];
  if (samePlacement(own, other)) return [left, side];
  if (own === undefined) return [placed(left, other!), side];
  if (other === undefined) return [left, { ...side, step: placed(right, own) }];
  const slots = right.columns.map((_, slot) => slot);
  const isKey = (slot: number): boolean => right.columns[slot]!.role === 'key';
  const keys = slots.filter(isKey);
  const rest = slots.filter((slot) => !isKey(slot));
  const moved = repartitioned(
    right,
    {
      columns: [...keys, ...rest].map((slot) => right.columns[slot]!),
      keys: keys.map((slot) => slotColumn(slot, right.columns[slot]!.name, right.columns[slot]!.type)),
      rest,
      shape: rightShape,
      dropNullKeys: rightShape === 'TABLE',
      word: 'Join',
    },
    ids,
  );
  return [left, { step: placed(moved, own), ids: [...keys, ...rest].map((slot) => side.ids[slot]) }];
}
