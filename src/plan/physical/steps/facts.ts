import type { Expr } from '../../../expressions/node.ts';
import type { StepBase } from './base.ts';

/** The state that a step keeps between micro-batches. */
export type StepState =
  | 'none'
  | {
      /**
       * `keyed`: one entry per key for the life of the query. `windowed`: entries that expire with stream time. `ordered`: the
       * last events of a key, in order.
       */
      readonly kind: 'keyed' | 'windowed' | 'ordered';
      /** The names of its stores, which are part of the state's keys; a builder can open no other stores. */
      readonly parts: readonly string[];
      /** The version of the entries' layout. Entries of other versions are refused. */
      readonly layout: number;
      /** The oldest layout whose entries can be read beside those of `layout`, where that is not the only one. */
      readonly reads?: number;
    };

/**
 * What CREATE OR REPLACE may do with a step. `free`: it may be added, removed or changed. `same`: it keeps its id and state if
 * the listed properties are equal in the new plan. `never`: it cannot be replaced, and the text says what it is. `meaning`
 * rewrites an expression over the step's input in terms of sources and other kept steps, so that two plans can be compared.
 */
export type Replaceable<S> =
  | 'free'
  | { readonly same: (step: S, meaning: (expr: Expr) => unknown) => readonly unknown[] }
  | { readonly never: string };

/** The names of the properties that hold the inputs. */
export type InputNames<S> = S extends { readonly left: unknown; readonly right: unknown }
  ? readonly ['left', 'right']
  : S extends { readonly input: unknown }
    ? readonly ['input']
    : readonly [];

/**
 * How rows are partitioned: as the records of the step's topic, as the placement in its `like`, as the rows of an input, or in
 * no known way.
 */
export type PlacedAs<S> =
  | (S extends { readonly source: unknown } ? 'topic' : never)
  | (S extends { readonly op: 'repartition' } ? 'like' : never)
  | InputNames<S>[number]
  | 'none';

/**
 * Everything that other modules need to know about a kind of step without running it. No fact is optional: a missing one does
 * not compile.
 */
export interface StepFacts<S extends StepBase<number>> {
  /** The version of the step's data that is written. Steps of another version are converted or refused. */
  readonly version: S['v'];
  readonly inputs: InputNames<S>;
  readonly state: StepState;
  readonly replace: Replaceable<S>;
  readonly placement: PlacedAs<S>;
  /** Whether its changes are newly created and not kept, so that the next step may modify them in place. */
  readonly ownsRows: boolean | 'asInput';
  /** Whether a micro-batch can be run again. (A batch of user code that exceeds its time limit is run again, call by call.) */
  readonly rerunnable: boolean;
  /** Whether it processes each row independently, so that rows of several partitions may arrive in any order. */
  readonly anyOrder: boolean;
  /** Whether it may suppress all but the last change of a key within a micro-batch. */
  readonly conflates: boolean;
  /**
   * Whether a table's changes carry the previous row: always, when `withBefore` is set, as the input's changes, or never
   * (streams have no previous rows).
   */
  readonly before: 'always' | 'asked' | 'asInput' | 'never';
  /** The expressions that it evaluates itself. */
  readonly expressions: (step: S) => readonly Expr[];
  /** The aggregates and table functions that it calls, beside the functions in its expressions. */
  readonly functions: (step: S) => readonly string[];
}

/** For a step that evaluates no expression. */
export const noExpressions = (): readonly Expr[] => [];
/** For a step that calls no aggregate and no table function. */
export const noFunctions = (): readonly string[] => [];
