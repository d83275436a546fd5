import type { Expr } from '../expressions/node.ts';
import type { PhysicalPlan } from '../plan/physical/step.ts';
import type { ErasedSpec, Erasure, Erasures } from '../specs/erasure.ts';
import type { OnlineSpec } from '../specs/exports.ts';
import type { FilesSpec } from '../specs/files.ts';
import type { SourceSpec } from '../specs/source.ts';
import type { ModelObject } from '../types/model.ts';
import type { SqlType } from '../types/sql-type.ts';
import { Sources, type ViewVersion } from './version-names.ts';

/** A stream or table: the spec that plans read, and what only the catalogue needs. */
export interface SourceObject {
  readonly spec: SourceSpec;
  readonly statement: string;
  /** The statements before that one, where it is an ALTER: CREATE first. */
  readonly declared?: readonly string[];
  /** Declared with SOURCE: nothing may be written to it. */
  readonly readOnly: boolean;
  /** The query that fills it, for CREATE … AS SELECT. */
  readonly createdBy: string | undefined;
  readonly featureView: FeatureView | undefined;
  /** How long its rows can be joined as of former times, where its declaration says. */
  readonly historyMs?: number;
  /** The connector that fills its topic, where its declaration names one. */
  readonly connector?: string;
  /** What of its schema became no column when the columns were inferred: sentences that DESCRIBE gives as warnings. */
  readonly leftOut?: readonly string[];
}

export interface FeatureView {
  readonly entityKey: readonly string[];
  readonly timestamp: string | undefined;
  readonly ttlMs: number | undefined;
  readonly comment: string | undefined;
  readonly options: Readonly<Record<string, string>>;
  /** FRESHNESS: how long after it was in its source an event should be in the view. */
  readonly freshnessTargetMs?: number;
  readonly version?: ViewVersion;
  /** The entities that were erased from it, in order. */
  readonly erased?: readonly Erasure[];
}

/** EVAL='AT_READ': whether a view's frames of time are evaluated at the time of each read, instead of at each event. */
export const isEvaluatedAtRead = (view: FeatureView | undefined): boolean => view?.options['EVAL'] === 'AT_READ';

/** Whether a column of a view is a feature: neither an entity nor the feature time. */
export const isFeature = ({ entityKey, timestamp }: FeatureView, column: string): boolean =>
  !entityKey.includes(column) && column !== timestamp;

export interface QueryObject {
  readonly id: string;
  readonly kind: 'CSAS' | 'CTAS' | 'CST' | 'INSERT' | 'FEATURE_VIEW' | 'MONITOR' | 'DATAGEN' | 'EXPORT';
  readonly statement: string;
  readonly sources: readonly string[];
  /** The source that it fills; of EXPORT the folder. */
  readonly sink: string;
  readonly plan: PhysicalPlan;
  readonly paused: boolean;
  /** The stream properties in force when it was created. */
  readonly properties: Readonly<Record<string, string>>;
  /**
   * Where its streams begin with `auto.offset.reset` = latest: the end of each partition by topic when the statement was executed.
   * Absent with earliest, and where a query's first positions are committed as it starts.
   */
  readonly start?: Readonly<Record<string, readonly number[]>>;
}

/** A training set: where it is, and how it is made. */
export interface TrainingSet {
  readonly name: string;
  readonly statement: string;
  readonly comment: string | undefined;
  readonly path: string;
  readonly rowsPerFile: number;
  /** The bounds of the time of the first join; the second is not included. */
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
  readonly label: string | undefined;
  /** Whether a view's row counts only from when it became known. */
  readonly asKnown: boolean;
}

/** What a model takes: features of views, and what is computed at the read from them and from columns of the request. */
export interface FeatureService {
  readonly name: string;
  readonly statement: string;
  readonly comment: string | undefined;
  readonly options: Readonly<Record<string, string>>;
  /** The columns that a request brings. */
  readonly request: readonly { readonly name: string; readonly type: SqlType }[];
  /** The views that it reads. Slots of expressions are the columns of the request, then these of each view. */
  readonly views: readonly { readonly name: string; readonly columns: readonly string[] }[];
  /** The models that it calls at the read; absent in a service from before there were any. Their outputs are the last slots. */
  readonly invokes?: readonly ServiceInvoke[];
  readonly features: readonly ServedFeature[];
}
export interface ServiceInvoke {
  readonly model: string;
  /** As in a query: a number, an alias, or undefined for what the model's route chooses. */
  readonly version: number | string | undefined;
  readonly args: readonly Expr[];
  /** How many outputs it has. */
  readonly outputs: number;
}
interface ServedFeature {
  readonly name: string;
  /** The view that it is a column of; undefined for what is computed. */
  readonly view: string | undefined;
  readonly type: SqlType;
  readonly expr: Expr;
}

/** A name for a query, which stands for it wherever a source may. */
export interface ViewObject {
  readonly name: string;
  readonly statement: string;
  /** The text of its SELECT. */
  readonly query: string;
}

/** Gives a map to change: a copy, or itself where nobody else has it. */
type Edit = <V>(map: ReadonlyMap<string, V>) => Map<string, V>;
const copied: Edit = (map) => new Map(map);
const inPlace: Edit = <V>(map: ReadonlyMap<string, V>) => map as Map<string, V>;

/** Everything that statements have created, as an immutable snapshot: each change returns a new catalogue. */
export class Catalog {
  readonly #edit: Edit;
  readonly sources: ReadonlyMap<string, SourceObject>;
  readonly queries: ReadonlyMap<string, QueryObject>;
  readonly models: ReadonlyMap<string, ModelObject>;
  readonly types: ReadonlyMap<string, SqlType>;
  readonly trainingSets: ReadonlyMap<string, TrainingSet>;
  readonly views: ReadonlyMap<string, ViewObject>;
  readonly featureServices: ReadonlyMap<string, FeatureService>;

  constructor(parts: Partial<CatalogParts> = {}, edit = copied) {
    this.#edit = edit;
    this.sources = parts.sources instanceof Sources ? parts.sources : new Sources(parts.sources);
    this.queries = parts.queries ?? new Map();
    this.models = parts.models ?? new Map();
    this.types = parts.types ?? new Map();
    this.trainingSets = parts.trainingSets ?? new Map();
    this.views = parts.views ?? new Map();
    this.featureServices = parts.featureServices ?? new Map();
  }

  /**
   * An empty catalogue for one that reads a log of commands: each change takes the place of the catalogue before it, which must not be used any
   * more. Copies of ten thousand entries, ten thousand times, take seconds.
   */
  static loading(): Catalog {
    return new Catalog({}, inPlace);
  }
  /** What was loaded, which does not change any more. */
  loaded(): Catalog {
    return new Catalog(this.#parts);
  }

  get #parts(): CatalogParts {
    const { sources, queries, models, types, trainingSets, views, featureServices } = this;
    return { sources, queries, models, types, trainingSets, views, featureServices };
  }
  with(parts: Partial<CatalogParts>): Catalog {
    return new Catalog({ ...this.#parts, ...parts }, this.#edit);
  }
  #put<V>(map: ReadonlyMap<string, V>, key: string, value: V): ReadonlyMap<string, V> {
    return this.#edit(map).set(key, value);
  }
  #without<V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> {
    const changed = this.#edit(map);
    changed.delete(key);
    return changed;
  }
  withSource(source: SourceObject): Catalog {
    return this.with({ sources: this.#put(this.sources, source.spec.name, source) });
  }
  withoutSource(name: string): Catalog {
    return this.with({ sources: this.#without(this.sources, name) });
  }
  withQuery(query: QueryObject): Catalog {
    return this.with({ queries: this.#put(this.queries, query.id, query) });
  }
  withoutQuery(id: string): Catalog {
    return this.with({ queries: this.#without(this.queries, id) });
  }
  withModel(model: ModelObject): Catalog {
    return this.with({ models: this.#put(this.models, model.name, model) });
  }
  withoutModel(name: string): Catalog {
    return this.with({ models: this.#without(this.models, name) });
  }
  withType(name: string, type: SqlType): Catalog {
    return this.with({ types: this.#put(this.types, name, type) });
  }
  withoutType(name: string): Catalog {
    return this.with({ types: this.#without(this.types, name) });
  }
  withView(view: ViewObject): Catalog {
    return this.with({ views: this.#put(this.views, view.name, view) });
  }
  withoutView(name: string): Catalog {
    return this.with({ views: this.#without(this.views, name) });
  }

  withTrainingSet(set: TrainingSet): Catalog {
    return this.with({ trainingSets: this.#put(this.trainingSets, set.name, set) });
  }
  withoutTrainingSet(name: string): Catalog {
    return this.with({ trainingSets: this.#without(this.trainingSets, name) });
  }
  withFeatureService(service: FeatureService): Catalog {
    return this.with({ featureServices: this.#put(this.featureServices, service.name, service) });
  }
  withoutFeatureService(name: string): Catalog {
    return this.with({ featureServices: this.#without(this.featureServices, name) });
  }

  /** The feature services that serve a view: by its name, or in the version that has it now. */
  servicesOver(view: string): string[] {
    const object = this.sources.get(view);
    return [...this.featureServices.values()]
      .filter(({ views }) => views.some(({ name }) => name === view || this.sources.get(name) === object))
      .map(({ name }) => name);
  }
  /** The feature services that call a model, in a version that `names` accepts. */
  servicesCalling(model: string, names: (version: ServiceInvoke['version']) => boolean = () => true): string[] {
    return [...this.featureServices.values()]
      .filter(({ invokes = [] }) => invokes.some((call) => call.model === model && names(call.version)))
      .map(({ name }) => name);
  }
  /** The queries that read from a source, or that write to it. */
  queriesReading(name: string): QueryObject[] {
    return [...this.queries.values()].filter(({ sources }) => sources.includes(name));
  }
  queriesWriting(name: string): QueryObject[] {
    return [...this.queries.values()].filter(({ sink }) => sink === name);
  }
  /** The query that fills a feature view; undefined when it was terminated. */
  fillingQuery(view: string): QueryObject | undefined {
    return this.queriesWriting(view).find(({ kind }) => kind === 'FEATURE_VIEW');
  }
  /** The queries that write a source's rows elsewhere. */
  exportsOf(name: string): QueryObject[] {
    return [...this.queries.values()].filter(({ kind, sources }) => kind === 'EXPORT' && sources[0] === name);
  }
  /** The entities that were erased from the views that a query reads, and from its own; undefined where there are none. */
  erasedOf(reads: readonly string[], own?: string): ErasedSpec | undefined {
    const erasures = (name: string): Erasures | undefined => {
      const view = this.sources.get(name)?.featureView;
      return view?.erased && { columns: view.entityKey, list: view.erased };
    };
    const read = reads.flatMap((name) => {
      const found = erasures(name);
      return found === undefined ? [] : [[name, found] as const];
    });
    const kept = own === undefined ? undefined : erasures(own);
    return kept === undefined && read.length === 0 ? undefined : { own: kept, reads: Object.fromEntries(read) };
  }
  /** The files of a source's history; undefined when it has none. */
  filesOf(name: string): FilesSpec | undefined {
    return this.exportsOf(name).find(({ plan }) => plan.files !== undefined)?.plan.files;
  }
  /** The store outside of the engine of a view's newest rows; undefined when it has none. */
  onlineOf(name: string): OnlineSpec | undefined {
    return this.exportsOf(name).find(({ plan }) => plan.online !== undefined)?.plan.online;
  }
}

/** The maps of which a catalogue consists. */
export type CatalogParts = Pick<
  Catalog,
  'sources' | 'queries' | 'models' | 'types' | 'trainingSets' | 'views' | 'featureServices'
>;
