import type { Row } from '../../types/sql-type.ts';
import { slotColumn, slotsIn } from '../../expressions/node.ts';
import { callsUserCode, ownsRows, type StepOf } from '../../plan/physical/step.ts';
import { StreamRekey, TableRekey, type RekeyShape } from '../operators/rekey.ts';
import type { BuildContext, Builder } from './context.ts';
import { projection } from './expressions.ts';

export const streamRekey: Builder<'streamRekey'> = (step, context) =>
  new StreamRekey(
    rekeyShape(step, context),
    context.position,
    // Not with user code: a batch that exceeds its time limit is run again, which needs the original rows.
    ownsRows(step.input) && !callsUserCode(step),
  );

export const tableRekey: Builder<'tableRekey'> = (step, context) =>
  new TableRekey(rekeyShape(step, context), context.position);

function rekeyShape(step: StepOf<'streamRekey' | 'tableRekey'>, context: BuildContext): RekeyShape {
  const { keys, dropNullKeys } = step;
  const input = step.input.columns;
  const rest = step.rest.map((slot) => slotColumn(slot, input[slot]!.name, input[slot]!.type));
  const keySlots = input.flatMap(({ role }, slot) => (role === 'key' ? [slot] : []));
  return {
    keys: projection(keys, context),
    moved: projection([...keys, ...rest], context),
    readsValues: keys.map((expr) => [...slotsIn([expr])].some((slot) => input[slot]!.role === 'value')),
    keyOnly: (key) => {
      const row = input.map(() => null) as Row[number][];
      keySlots.forEach((slot, i) => (row[slot] = key[i] ?? null));
      return row;
    },
    dropNullKeys,
  };
}
