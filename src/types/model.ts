import { BIGINT, BOOLEAN, DOUBLE, STRING, type SqlType } from './sql-type.ts';

/** An input or output of a model. */
export interface ModelColumn {
  readonly name: string;
  readonly type: SqlType;
}
/** Columns that every invocation adds behind the model's outputs; they are not part of `*`. */
export const toldOfCalls: readonly ModelColumn[] = [
  { name: 'MODEL_VERSION', type: BIGINT },
  { name: 'MODEL_ERROR', type: STRING },
  { name: 'MODEL_LATENCY_MS', type: DOUBLE },
  { name: 'MODEL_DEFAULT_USED', type: BOOLEAN },
];
export interface ModelVersion {
  readonly version: number;
  /** By upper-case name; `modelOptions` and the provider's options declare them. */
  readonly options: Readonly<Record<string, string>>;
  /** What each output column is in the model, such as `probabilities[0]`, when the model was looked at. */
  readonly takes?: readonly string[];
}
/** A version that a route sends rows to, and how many of the 10,000 slots are its own. */
export interface RouteTarget {
  readonly version: number;
  readonly slots: number;
}
/** Slots of one version, the end excluded. */
export interface SlotRange {
  readonly version: number;
  readonly from: number;
  readonly to: number;
}
/** How rows are divided among versions, by the slot of their key. */
export interface ModelRoute {
  readonly seed: string;
  /** As they were written. */
  readonly targets: readonly RouteTarget[];
  /** Sorted; they cover all slots. They depend on the routes before this one, because few keys are to move. */
  readonly slots: readonly SlotRange[];
  /** Versions that see rows too, by slots of their own, without a word in the result. */
  readonly shadows?: readonly RouteTarget[];
}
/** A model with all of its versions. */
export interface ModelObject {
  readonly name: string;
  readonly input: readonly ModelColumn[];
  readonly output: readonly ModelColumn[];
  readonly comment: string | undefined;
  readonly versions: readonly ModelVersion[];
  readonly defaultVersion: number;
  /** The greatest number that a version has had, when that one was dropped: numbers are not used again. */
  readonly lastVersion?: number;
  /** The versions that other names stand for. */
  readonly aliases?: Readonly<Record<string, number>>;
  readonly route?: ModelRoute;
  readonly statement: string;
}
