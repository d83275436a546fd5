import { INTEGER, type SqlType, type Value } from '../types/sql-type.ts';
import type { AggregateFunction, Aggregator } from './define.ts';

/** An argument of a call, as far as an aggregator is made of it. */
interface Argument {
  readonly kind: string;
  readonly type: SqlType | null;
  readonly value?: unknown;
}

/** The aggregator of an overload for a call's arguments, to see what it can do. */
export function sampleAggregator(
  { create }: AggregateFunction['overloads'][number],
  args: readonly Argument[],
): Aggregator {
  const types = args.map(({ type }) => type);
  const constants = args.map((arg) => (arg.kind === 'literal' ? (arg.value as Value) : undefined));
  return create({ args: types, returns: types[0] ?? INTEGER, constants });
}

/** Whether events can be removed from a state exactly and in any order. */
export const undoesInAnyOrder = ({ undo, orderFree }: Aggregator): boolean => undo !== undefined && orderFree;

/** Whether states over parts of a frame can be kept and merged. */
export const keepsParts = ({ merge, growing }: Aggregator): boolean => merge !== undefined && growing !== true;

/** Whether the frame is read for each of its rows, unless it begins with the first row of all. */
export const scansFrames = (aggregator: Aggregator): boolean =>
  !undoesInAnyOrder(aggregator) && !keepsParts(aggregator);
