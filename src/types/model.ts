import type { SqlType } from './sql-type.ts';

/** An input or output of a model. */
export interface ModelColumn {
  readonly name: string;
  readonly type: SqlType;
}
export interface ModelVersion {
  readonly version: number;
  /** Upper-case names; see models-and-features for their meaning. */
  readonly options: Readonly<Record<string, string>>;
}
/** A model as it was declared, with all of its versions. */
export interface ModelObject {
  readonly name: string;
  readonly input: readonly ModelColumn[];
  readonly output: readonly ModelColumn[];
  readonly comment: string | undefined;
  readonly versions: readonly ModelVersion[];
  readonly defaultVersion: number;
  readonly statement: string;
}
