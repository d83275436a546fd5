import type { PhysicalPlan } from '../plan/physical/step.ts';
import type { SourceSpec } from '../specs/source.ts';
import type { ModelObject } from '../types/model.ts';
import type { SqlType } from '../types/sql-type.ts';

/** A stream or table with what the catalogue knows beside what plans read. */
export interface SourceObject {
  readonly spec: SourceSpec;
  readonly statement: string;
  /** Declared with SOURCE: nothing may be written to it. */
  readonly readOnly: boolean;
  /** The query that fills it, for CREATE … AS SELECT. */
  readonly createdBy: string | undefined;
  readonly featureView: FeatureView | undefined;
  /** The connector that its declaration says fills its topic. */
  readonly connector?: string;
}

export interface FeatureView {
  readonly entityKey: readonly string[];
  readonly timestamp: string | undefined;
  readonly ttlMs: number | undefined;
  readonly comment: string | undefined;
  readonly options: Readonly<Record<string, string>>;
}

export interface QueryObject {
  readonly id: string;
  readonly kind: 'CSAS' | 'CTAS' | 'CST' | 'INSERT' | 'FEATURE_VIEW';
  readonly statement: string;
  readonly sources: readonly string[];
  readonly sink: string;
  readonly plan: PhysicalPlan;
  readonly paused: boolean;
  /** Streams properties in force when it was created. */
  readonly properties: Readonly<Record<string, string>>;
}

/** Everything that statements have created: an immutable snapshot; each change gives a new one. */
export class Catalog {
  readonly sources: ReadonlyMap<string, SourceObject>;
  readonly queries: ReadonlyMap<string, QueryObject>;
  readonly models: ReadonlyMap<string, ModelObject>;
  readonly types: ReadonlyMap<string, SqlType>;

  constructor(parts: Partial<Pick<Catalog, 'sources' | 'queries' | 'models' | 'types'>> = {}) {
    this.sources = parts.sources ?? new Map();
    this.queries = parts.queries ?? new Map();
    this.models = parts.models ?? new Map();
    this.types = parts.types ?? new Map();
  }

  with(parts: Partial<Pick<Catalog, 'sources' | 'queries' | 'models' | 'types'>>): Catalog {
    return new Catalog({
      sources: this.sources,
      queries: this.queries,
      models: this.models,
      types: this.types,
      ...parts,
    });
  }
  withSource(source: SourceObject): Catalog {
    return this.with({ sources: new Map(this.sources).set(source.spec.name, source) });
  }
  withoutSource(name: string): Catalog {
    return this.with({ sources: without(this.sources, name) });
  }
  withQuery(query: QueryObject): Catalog {
    return this.with({ queries: new Map(this.queries).set(query.id, query) });
  }
  withoutQuery(id: string): Catalog {
    return this.with({ queries: without(this.queries, id) });
  }
  withModel(model: ModelObject): Catalog {
    return this.with({ models: new Map(this.models).set(model.name, model) });
  }
  withoutModel(name: string): Catalog {
    return this.with({ models: without(this.models, name) });
  }
  withType(name: string, type: SqlType): Catalog {
    return this.with({ types: new Map(this.types).set(name, type) });
  }
  withoutType(name: string): Catalog {
    return this.with({ types: without(this.types, name) });
  }

  /** The queries that read from a source, or that write to it. */
  queriesReading(name: string): QueryObject[] {
    return [...this.queries.values()].filter(({ sources }) => sources.includes(name));
  }
  queriesWriting(name: string): QueryObject[] {
    return [...this.queries.values()].filter(({ sink }) => sink === name);
  }
}

function without<V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> {
  const copy = new Map(map);
  copy.delete(key);
  return copy;
}
