import type { FeatureView, QueryObject, SourceObject } from '../catalog/catalog.ts';
import type { ModelObject } from '../types/model.ts';
import type { SqlType } from '../types/sql-type.ts';

/**
 * What the command log holds: the effect of a statement, whole, so that applying it never parses or plans again and an upgrade
 * never changes a running query. Version 1.
 */
export type Command =
  | {
      readonly v: 1;
      readonly kind: 'createSource';
      readonly source: SourceObject;
      readonly query: QueryObject | undefined;
    }
  | { readonly v: 1; readonly kind: 'dropSource'; readonly name: string; readonly queries: readonly string[] }
  | { readonly v: 1; readonly kind: 'createQuery'; readonly query: QueryObject }
  | { readonly v: 1; readonly kind: 'terminate'; readonly ids: readonly string[] }
  | { readonly v: 1; readonly kind: 'setPaused'; readonly ids: readonly string[]; readonly paused: boolean }
  | { readonly v: 1; readonly kind: 'putModel'; readonly model: ModelObject }
  | { readonly v: 1; readonly kind: 'dropModel'; readonly name: string }
  | { readonly v: 1; readonly kind: 'createType'; readonly name: string; readonly type: SqlType }
  | { readonly v: 1; readonly kind: 'dropType'; readonly name: string }
  | { readonly v: 1; readonly kind: 'alterSystem'; readonly name: string; readonly value: string };

export type { FeatureView };
