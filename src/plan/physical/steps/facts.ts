import type { Expr } from '../../../expressions/node.ts';
import type { StepBase } from './base.ts';

/** What a step remembers between micro-batches. */
export type StepState =
  | 'none'
  | {
      /** An entry a key, for as long as the query lives; entries that expire with stream time; or the last events of a key, in order. */
      readonly kind: 'keyed' | 'windowed' | 'ordered';
      /** The names of its stores: they stand in the keys of their entries, and a builder can open no others. */
      readonly parts: readonly string[];
      /** The version of what the entries look like. Entries of another version are refused. */
      readonly layout: number;
    };

/**
 * Whether CREATE OR REPLACE may put another step in the place of one: a free one may come, go and change; one that must be the same
 * in what it lists here keeps its id and its state; one that never may says what it is. `meaning` gives an expression over the
 * step's input as one over sources and other kept steps.
 */
export type Replaceable<S> =
  | 'free'
  | { readonly same: (step: S, meaning: (expr: Expr) => unknown) => readonly unknown[] }
  | { readonly never: string };

/** The properties that hold the steps below. */
export type InputNames<S> = S extends { readonly left: unknown; readonly right: unknown }
  ? readonly ['left', 'right']
  : S extends { readonly input: unknown }
    ? readonly ['input']
    : readonly [];

/**
 * How rows are spread over partitions: as the records of the step's topic, as its `like` says, as the rows of an input, or like
 * nothing else.
 */
export type PlacedAs<S> =
  | (S extends { readonly source: unknown } ? 'topic' : never)
  | (S extends { readonly op: 'repartition' } ? 'like' : never)
  | InputNames<S>[number]
  | 'none';

/** All that is to be known of a kind of step by who does not run it. Nothing is optional: a step without an answer does not compile. */
export interface StepFacts<S extends StepBase> {
  /** The version of the step's data that is written now. Steps of another version are refused. */
  readonly version: S['v'];
  readonly inputs: InputNames<S>;
  readonly state: StepState;
  readonly replace: Replaceable<S>;
  readonly placement: PlacedAs<S>;
  /** Whether it makes every change that it gives, and keeps none: the step behind it may change them in place. */
  readonly ownsRows: boolean | 'asInput';
  /** Whether a micro-batch may be run again: user code that is too slow in a batch is then watched call by call. */
  readonly rerunnable: boolean;
  /** Whether it works on each row alone, so that the rows of several partitions may come to it in any order. */
  readonly anyOrder: boolean;
  /** Whether it may hold back all but the last change of a key until the micro-batch ends. */
  readonly conflates: boolean;
  /**
   * Whether changes of a table say what their row was before: always, where `withBefore` asks for it, as those of the input, or never
   * (streams have no former rows).
   */
  readonly before: 'always' | 'asked' | 'asInput' | 'never';
  /** The expressions that it evaluates itself. */
  readonly expressions: (step: S) => readonly Expr[];
  /** The aggregates and table functions that it calls, beside the functions in its expressions. */
  readonly functions: (step: S) => readonly string[];
}

/** A step that evaluates nothing. */
export const noExpressions = (): readonly Expr[] => [];
/** A step that calls no aggregate and no table function. */
export const noFunctions = (): readonly string[] => [];
