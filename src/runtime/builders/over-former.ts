import type { Expr } from '../../expressions/node.ts';
import { sameExpr } from '../../expressions/same.ts';
import { findOverFunction } from '../../functions/over/index.ts';
import type { OverCall } from '../../plan/physical/steps/over.ts';
import type { Value } from '../../types/sql-type.ts';
import type { FormerEvents, OverBuffer } from '../over/over-buffer.ts';
import type { KeyValueStore } from '../stores/key-value-store.ts';

/**
 * What version 1 of the step stored for a key: its events, each with its time and the arguments of every call; and a state for
 * each call whose frame starts with UNBOUNDED PRECEDING (of FIRST_VALUE the time and value of the first row).
 */
export type FormerPartition = readonly [
  events: readonly (readonly [number, ...Value[]])[],
  unbounded: readonly unknown[],
];

/**
 * The arguments that version 1 stored for each row: without the constants of window functions, such as LAG's number of rows.
 */
const formerArgs = ({ fn, args }: OverCall): readonly Expr[] =>
  findOverFunction(fn) === undefined ? args : args.slice(0, 1);

/** A buffer, its columns, and the indexes of the step's calls whose states it folds. */
export interface FormerPart {
  readonly buffer: OverBuffer;
  readonly columns: readonly Expr[];
  readonly folded: readonly number[];
  readonly keepsEvents: boolean;
}

/**
 * Moves a key's state of version 1 into the buffers of this version, the first time that the key is seen. Undefined if there is
 * no such state.
 */
export function formerEvents(
  store: KeyValueStore<FormerPartition>,
  calls: readonly OverCall[],
  parts: readonly FormerPart[],
): ((key: string) => void) | undefined {
  if (store.isEmpty) return undefined;
  const args = calls.flatMap(formerArgs);
  const moves = parts.map(({ buffer, columns, folded, keepsEvents }) => {
    const places = columns.map((column) => args.findIndex((arg) => sameExpr(arg, column)));
    const move = ({ 0: events, 1: unbounded }: FormerPartition): FormerEvents => ({
      events: keepsEvents
        ? events.map(([time, ...values]) => ({ time, args: places.map((place) => values[place] ?? null) }))
        : [],
      base: folded.map((call) => stateOf(calls[call]!, unbounded[call])),
    });
    return (key: string, former: FormerPartition): void => buffer.restore(key, move(former));
  });
  return (key) => {
    const former = store.get(key);
    if (former === undefined) return;
    for (const move of moves) move(key, former);
    store.delete(key);
  };
}

function stateOf({ fn }: OverCall, state: unknown): unknown {
  if (findOverFunction(fn) === undefined) return state;
  return state === null ? [] : [(state as readonly [number, Value])[1]];
}
