import type { ModelColumn, ModelObject, ModelVersion } from '../../types/model.ts';

/** Keeps models loaded for scoring. */
export interface ModelRegistry {
  /** Loads a version and says what it takes and gives; throws an `Error` that says what is wrong with it. */
  inspect(
    name: string,
    version: ModelVersion,
    declared: { input: readonly ModelColumn[]; output: readonly ModelColumn[] },
  ): Promise<{ input: readonly ModelColumn[]; output: readonly ModelColumn[] }>;
  put(model: ModelObject): Promise<void>;
  remove(name: string): void;
  close(): Promise<void>;
}
