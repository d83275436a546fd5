import { Catalog, type QueryObject } from '../catalog/catalog.ts';
import { namesAfterSwitch, renamed, withVersion } from '../catalog/view-versions.ts';
import type { ModelObject } from '../types/model.ts';
import type { Command } from './commands.ts';
import { afterSchemaChange } from './monitors/schema-change.ts';

/** What a command changes beside the catalogue: queries that run, models that are loaded, clients that read. */
export type Effect =
  | { readonly kind: 'added' | 'replaced' | 'removed'; readonly query: QueryObject }
  | { readonly kind: 'paused'; readonly id: string; readonly paused: boolean; readonly skip: number }
  | { readonly kind: 'versionAdded' }
  | { readonly kind: 'renamed'; readonly names: ReadonlyMap<string, string> }
  | { readonly kind: 'sourceDropped'; readonly name: string }
  | { readonly kind: 'modelPut'; readonly model: ModelObject }
  | { readonly kind: 'modelDropped'; readonly name: string };

/** All that the commands so far have made, and that what comes depends on; it knows of nothing that runs. */
export class Applied {
  #catalog: Catalog;
  /** The properties set by ALTER SYSTEM. */
  readonly system = new Map<string, string>();
  #nextQuery = 0;

  constructor(catalog = new Catalog()) {
    this.#catalog = catalog;
  }

  get catalog(): Catalog {
    return this.#catalog;
  }
  /** The number in the id of the next query. */
  get nextQuery(): number {
    return this.#nextQuery;
  }

  /** Nothing yet, and no catalogue to give out until `loaded` was called. */
  static loading(): Applied {
    return new Applied(Catalog.loading());
  }
  loaded(): void {
    this.#catalog = this.#catalog.loaded();
  }

  /** Changes what there is by a command; returns what is to be done besides, in this order. */
  apply(command: Command): readonly Effect[] {
    switch (command.kind) {
      case 'compacted':
        this.#nextQuery = command.queries;
        return [];
      case 'createSource': {
        const { name } = command.source.spec;
        const isReplaced = this.#catalog.sources.has(name);
        this.#catalog = this.#catalog.withSource(command.source);
        const made = [command.query, ...(command.exporters ?? [])].flatMap((query) => {
          if (query === undefined) return [];
          return this.#catalog.queries.has(query.id) ? this.#replaced(query) : this.#added(query);
        });
        const reading = isReplaced ? this.#catalog.queriesReading(name) : [];
        const told = reading.flatMap((query) => afterSchemaChange(query, command.source.spec) ?? []);
        return [...made, ...told.flatMap((query) => this.#replaced(query))];
      }
      case 'createVersion': {
        this.#catalog = withVersion(this.#catalog, command.source);
        const queries = [command.query, ...(command.exporters ?? [])];
        const made = queries.flatMap((query) => (query === undefined ? [] : this.#added(query)));
        return [...made, { kind: 'versionAdded' }];
      }
      case 'switchVersion': {
        const names = namesAfterSwitch(this.#catalog, command.view, command.number);
        if (names === undefined) return [];
        this.#catalog = renamed(this.#catalog, names);
        return [{ kind: 'renamed', names }];
      }
      case 'dropSource': {
        const removed = command.queries.flatMap((id) => this.#removed(id));
        this.#catalog = this.#catalog.withoutSource(command.name);
        return [...removed, { kind: 'sourceDropped', name: command.name }];
      }
      case 'createQuery':
        return this.#added(command.query);
      case 'terminate':
        return command.ids.flatMap((id) => this.#removed(id));
      case 'setPaused':
        return command.ids.flatMap((id) => this.#paused(id, command.paused, 0));
      case 'resumeSkipping':
        return this.#paused(command.id, false, command.records);
      case 'putModel':
        this.#catalog = this.#catalog.withModel(command.model);
        return [{ kind: 'modelPut', model: command.model }];
      case 'dropModel':
        this.#catalog = this.#catalog.withoutModel(command.name);
        return [{ kind: 'modelDropped', name: command.name }];
      case 'putTrainingSet':
        this.#catalog = this.#catalog.withTrainingSet(command.set);
        return [];
      case 'dropTrainingSet':
        this.#catalog = this.#catalog.withoutTrainingSet(command.name);
        return [];
      case 'putFeatureService':
        this.#catalog = this.#catalog.withFeatureService(command.service);
        return [];
      case 'dropFeatureService':
        this.#catalog = this.#catalog.withoutFeatureService(command.name);
        return [];
      case 'createType':
        this.#catalog = this.#catalog.withType(command.name, command.type);
        return [];
      case 'dropType':
        this.#catalog = this.#catalog.withoutType(command.name);
        return [];
      case 'createView':
        this.#catalog = this.#catalog.withView(command.view);
        return [];
      case 'dropView':
        this.#catalog = this.#catalog.withoutView(command.name);
        return [];
      case 'alterSystem':
        this.system.set(command.name, command.value);
        return [];
    }
  }

  #added(query: QueryObject): readonly Effect[] {
    this.#catalog = this.#catalog.withQuery(query);
    this.#nextQuery++;
    return [{ kind: 'added', query }];
  }
  #replaced(query: QueryObject): readonly Effect[] {
    this.#catalog = this.#catalog.withQuery(query);
    return [{ kind: 'replaced', query }];
  }
  #removed(id: string): readonly Effect[] {
    const query = this.#catalog.queries.get(id);
    if (query === undefined) return [];
    this.#catalog = this.#catalog.withoutQuery(id);
    return [{ kind: 'removed', query }];
  }
  #paused(id: string, paused: boolean, skip: number): readonly Effect[] {
    const query = this.#catalog.queries.get(id);
    if (query === undefined) return [];
    this.#catalog = this.#catalog.withQuery({ ...query, paused });
    return [{ kind: 'paused', id, paused, skip }];
  }
}
