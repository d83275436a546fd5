import type { FeatureService, QueryObject, SourceObject, TrainingSet, ViewObject } from '../catalog/catalog.ts';
import type { ModelObject } from '../types/model.ts';
import type { SqlType } from '../types/sql-type.ts';

/**
 * An entry of the command log: the complete effect of a statement. Applying it neither parses nor plans, so that an upgrade
 * does not change running queries. Version 1.
 */
export type Command =
  /**
   * What follows takes the place of all commands up to here; these had made so many queries that are not among those that follow. A Millrace
   * that knows no compacted log refuses it, since it would give ids again.
   */
  | { readonly v: 1; readonly kind: 'compacted'; readonly queries: number }
  | {
      readonly v: 1;
      readonly kind: 'createSource';
      readonly source: SourceObject;
      readonly query: QueryObject | undefined;
      /** The queries that write its rows elsewhere: as files, to a store, to a server. */
      readonly exporters?: readonly QueryObject[];
    }
  /** A version of a feature view that is there already: it is filled beside the one that is live. */
  | {
      readonly v: 1;
      readonly kind: 'createVersion';
      readonly source: SourceObject;
      readonly query: QueryObject | undefined;
      readonly exporters?: readonly QueryObject[];
    }
  /** From here on a view's name stands for this version of it. */
  | { readonly v: 1; readonly kind: 'switchVersion'; readonly view: string; readonly number: number }
  | { readonly v: 1; readonly kind: 'dropSource'; readonly name: string; readonly queries: readonly string[] }
  | { readonly v: 1; readonly kind: 'createQuery'; readonly query: QueryObject }
  | { readonly v: 1; readonly kind: 'terminate'; readonly ids: readonly string[] }
  | { readonly v: 1; readonly kind: 'setPaused'; readonly ids: readonly string[]; readonly paused: boolean }
  /** RESUME … SKIP: the query goes on, and what of it stands in ERROR passes over so many records. */
  | { readonly v: 1; readonly kind: 'resumeSkipping'; readonly id: string; readonly records: number }
  | { readonly v: 2; readonly kind: 'putModel'; readonly model: ModelObject }
  | { readonly v: 1; readonly kind: 'dropModel'; readonly name: string }
  | { readonly v: 1; readonly kind: 'putTrainingSet'; readonly set: TrainingSet }
  | { readonly v: 1; readonly kind: 'dropTrainingSet'; readonly name: string }
  | { readonly v: 2; readonly kind: 'putFeatureService'; readonly service: FeatureService }
  | { readonly v: 1; readonly kind: 'dropFeatureService'; readonly name: string }
  | { readonly v: 1; readonly kind: 'createType'; readonly name: string; readonly type: SqlType }
  | { readonly v: 1; readonly kind: 'dropType'; readonly name: string }
  | { readonly v: 1; readonly kind: 'createView'; readonly view: ViewObject }
  | { readonly v: 1; readonly kind: 'dropView'; readonly name: string }
  | { readonly v: 1; readonly kind: 'alterSystem'; readonly name: string; readonly value: string };
