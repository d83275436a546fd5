import type { VersionStats } from './scoring-stats.ts';
import type { ModelColumn, ModelObject, ModelVersion } from '../../types/model.ts';

/** What a version of a model was found to be. */
export interface InspectedModel {
  readonly input: readonly ModelColumn[];
  readonly output: readonly ModelColumn[];
  /** What each output column is in the model, such as `probabilities[0]`; undefined where only an answer tells. */
  readonly takes: readonly string[] | undefined;
  /** Options that name what was found for good, where those given may name something else later. */
  readonly pinned?: ModelVersion['options'] | undefined;
  /** What a user may not expect of the output columns. */
  readonly notes: readonly string[];
}

/** Manages loaded models. */
export interface ModelRegistry {
  /** Loads a version, unless VALIDATE is off; throws an `Error` when it cannot be served. */
  inspect(
    name: string,
    version: ModelVersion,
    declared: { input: readonly ModelColumn[]; output: readonly ModelColumn[] },
  ): Promise<InspectedModel>;
  /** Loads a version of a model that is there; throws an `Error` when it cannot take rows. */
  ready(name: string, version: number): Promise<void>;
  /** Adds a model or changes it. Calls that begin later see the new one, whose versions are loaded by then. */
  put(model: ModelObject): Promise<void>;
  remove(name: string): void;
  /** What versions have scored on this node. */
  stats(): Promise<readonly VersionStats[]>;
  close(): Promise<void>;
}
