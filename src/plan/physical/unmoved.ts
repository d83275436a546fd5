import { mapColumns, slotColumn, slotsIn, type Expr, type SlotColumn } from '../../expressions/node.ts';
import type { PhysicalPlan } from './step.ts';

/**
 * The plan of a monitor whose rows are all in one partition: they need no other key to come together, which a monitor does not look
 * at. Any other plan as it is.
 */
export function unmoved(plan: PhysicalPlan): PhysicalPlan {
  const { root } = plan;
  if (root.op !== 'monitor' || root.input.op !== 'repartition') return plan;
  const rekey = root.input.input;
  if (rekey.op !== 'streamRekey' || rekey.dropNullKeys) return plan;
  const { keys, rest } = rekey;
  const { segments, values, time, label, score } = root;
  const read = [...segments, ...values, time, label, score].filter((expr) => expr !== undefined);
  if ([...slotsIn(read)].some((slot) => slot < keys.length)) return plan;
  const before = (expr: Expr): Expr =>
    mapColumns(expr, ({ slot, name, type }): SlotColumn => slotColumn(rest[slot - keys.length]!, name, type));
  return {
    ...plan,
    root: {
      ...root,
      input: rekey.input,
      segments: segments.map(before),
      values: values.map(before),
      time: before(time),
      ...(label && { label: before(label) }),
      ...(score && { score: before(score) }),
    },
  };
}
