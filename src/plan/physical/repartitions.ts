import { slotColumn, type Expr } from '../../expressions/node.ts';
import { samePlacement, placementOf, placed } from './placement.ts';
import type { Lowered, StepIds } from './lowered.ts';
import type { StepColumn } from './steps/base.ts';
import { withBefore, type Step } from './step.ts';

/** A new key for rows, and the way to the partition of that key: `rest` are the slots of the other columns. */
interface NewKey {
  readonly columns: readonly StepColumn[];
  readonly keys: readonly Expr[];
  readonly rest: readonly number[];
  readonly shape: 'STREAM' | 'TABLE';
  readonly dropNullKeys: boolean;
  readonly word: string;
}

/** Rows under another key, on the partition of that key. */
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

/** Rows by another key for the work of one step: the keys that place them come first, and their own columns stay behind those. */
export function placedBy(
  input: Step,
  keys: readonly Expr[],
  shape: NewKey['shape'],
  word: 'Over' | 'GroupBy',
  ids: StepIds,
): Step {
  const columns: StepColumn[] = [
    ...keys.map(({ type }, i): StepColumn => ({ name: `KSQL_INTERNAL_KEY_${i}`, type, role: 'key' })),
    ...input.columns.map((column): StepColumn => ({ ...column, role: 'value' })),
  ];
  const rest = input.columns.map((_, slot) => slot);
  // A row without a group has no part in any; one without a partition stays in its stream.
  const dropNullKeys = word === 'GroupBy';
  return repartitioned(input, { columns, keys, rest, shape, dropNullKeys, word }, ids);
}

/**
 * Both sides of a join with their rows placed alike: what is repartitioned anyway goes where the other side's topic has its rows, and
 * of two topics with keys of different bytes the right one is repartitioned, its keys first.
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
