import { column, columnsOf, type Expr } from '../../expressions/node.ts';
import type { PlanColumn } from '../../plan/logical/node.ts';
import type { Row } from '../change.ts';
import { StreamRekey, TableRekey, type RekeyShape } from '../operators/rekey.ts';
import type { BuildContext, Builder } from './context.ts';
import { projection } from './expressions.ts';

export const streamRekey: Builder<'streamRekey'> = (step, context) =>
  new StreamRekey(
    rekeyShape(step.columns, step.keys, step.input.columns, step.dropNullKeys, context),
    context.position,
  );

export const tableRekey: Builder<'tableRekey'> = (step, context) =>
  new TableRekey(rekeyShape(step.columns, step.keys, step.input.columns, step.dropNullKeys, context), context.position);

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
