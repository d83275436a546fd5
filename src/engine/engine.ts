import { Catalog, type QueryObject } from '../catalog/catalog.ts';
import { ignoreFailures } from '../runtime/failures.ts';
import type { ModelHost } from '../runtime/ports/model-host.ts';
import type { Connect } from '../runtime/ports/connect.ts';
import type { Node } from '../runtime/ports/node.ts';
import type { SchemaCache } from '../runtime/schema-cache.ts';
import type { SchemaRegistry } from '../runtime/ports/schema-registry.ts';
import { LocalTopology } from '../runtime/topology.ts';
import { noConflation } from '../runtime/run-settings.ts';
import type { Command } from './commands.ts';
import { Mutex } from './mutex.ts';
import { noState } from './no-state.ts';
import type { ModelRegistry } from '../runtime/ports/model-registry.ts';
import { readCommand } from './read-command.ts';

export interface EngineOptions {
  readonly node: Node;
  readonly models: (ModelHost & ModelRegistry) | undefined;
  readonly serviceId: string;
  /** Defaults of every session, from the server's settings. */
  readonly defaults: Readonly<Record<string, string>>;
  /** What the server was started with, as it may be shown. */
  readonly serverSettings?: readonly { readonly name: string; readonly value: string }[];
  readonly registry: SchemaRegistry;
  /** The registry's schemas that records were written with. */
  readonly schemas: SchemaCache;
  /** Kafka Connect, where one is configured. */
  readonly connect?: Connect | undefined;
  /** False keeps queries from starting: a test drives them itself. */
  readonly startQueries?: boolean;
}

/** Holds the catalogue, applies commands in order, and has the node run what they say. */
export class Engine {
  readonly node: Node;
  readonly models: (ModelHost & ModelRegistry) | undefined;
  readonly registry: SchemaRegistry;
  readonly schemas: SchemaCache;
  readonly serviceId: string;
  readonly connect: Connect | undefined;
  readonly serverSettings: readonly { readonly name: string; readonly value: string }[];
  readonly #defaults: Readonly<Record<string, string>>;
  /** What ALTER SYSTEM has set. */
  readonly #system = new Map<string, string>();
  readonly startedAt = Date.now();
  readonly #mutex = new Mutex();
  readonly #startQueries: boolean;
  #catalog = new Catalog();
  #applied = -1;
  #nextQuery = 0;

  constructor(options: EngineOptions) {
    this.node = options.node;
    this.models = options.models;
    this.registry = options.registry;
    this.schemas = options.schemas;
    this.serviceId = options.serviceId;
    this.#defaults = options.defaults;
    this.serverSettings = options.serverSettings ?? [];
    this.connect = options.connect;
    this.#startQueries = options.startQueries ?? true;
  }

  get catalog(): Catalog {
    return this.#catalog;
  }
  /** The properties of sessions that set nothing themselves. */
  get defaults(): Readonly<Record<string, string>> {
    return this.#system.size === 0 ? this.#defaults : { ...this.#defaults, ...Object.fromEntries(this.#system) };
  }
  /** The number of the last command that was applied, -1 before the first. */
  get commandNumber(): number {
    return this.#applied;
  }
  /** The number that the next query's id gets. */
  get nextQueryNumber(): number {
    return this.#nextQuery;
  }

  /** Reads the command log, rebuilds the catalogue, and starts its queries. */
  async start(): Promise<void> {
    for (const { number, command } of await this.node.commands.readAfter(-1)) {
      await this.#apply(readCommand(command, number), false);
      this.#applied = number;
    }
    if (!this.#startQueries) return;
    for (const query of this.#catalog.queries.values()) await this.#startQuery(query);
  }

  /** Applies what other nodes have appended since. */
  async catchUp(): Promise<void> {
    for (const { number, command } of await this.node.commands.readAfter(this.#applied)) {
      await this.#apply(readCommand(command, number), true);
      this.#applied = number;
    }
  }

  /**
   * Runs an action that may change the catalogue, alone: it sees every command so far, and what it distributes comes right behind
   * them.
   */
  change<T>(action: (distribute: (command: Command) => Promise<number>) => Promise<T>): Promise<T> {
    return this.#mutex.run(async () => {
      await this.catchUp();
      return action(async (command) => {
        if ('query' in command && command.query !== undefined) this.#check(command.query);
        const number = await this.node.commands.append(JSON.stringify(command), this.#applied);
        await this.#apply(command, true);
        this.#applied = number;
        return number;
      });
    });
  }

  /** Builds a query's operators once for nothing: what cannot run must not get into the log that every node applies. */
  #check({ plan }: QueryObject): void {
    new LocalTopology(plan, {
      backend: noState,
      statePrefix: 'check',
      partitions: 1,
      settings: noConflation,
      models: this.models,
      failures: ignoreFailures,
    });
  }

  async #apply(command: Command, live: boolean): Promise<void> {
    switch (command.kind) {
      case 'createSource':
        this.#catalog = this.#catalog.withSource(command.source);
        if (command.query === undefined) return;
        if (this.#catalog.queries.has(command.query.id)) await this.#replaceQuery(command.query, live);
        else await this.#addQuery(command.query, live);
        return;
      case 'dropSource':
        for (const id of command.queries) await this.#removeQuery(id, live);
        this.#catalog = this.#catalog.withoutSource(command.name);
        return;
      case 'createQuery':
        return this.#addQuery(command.query, live);
      case 'terminate':
        for (const id of command.ids) await this.#removeQuery(id, live);
        return;
      case 'setPaused':
        for (const id of command.ids) {
          const query = this.#catalog.queries.get(id);
          if (query === undefined) continue;
          this.#catalog = this.#catalog.withQuery({ ...query, paused: command.paused });
          if (live && this.#startQueries) await this.node.setPaused(id, command.paused);
        }
        return;
      case 'putModel':
        this.#catalog = this.#catalog.withModel(command.model);
        // A file that has gone since is told by every row that is to be scored: the node starts all the same.
        await this.models?.put(command.model).catch((error: unknown) => {
          if (live) throw error;
        });
        return;
      case 'dropModel':
        this.#catalog = this.#catalog.withoutModel(command.name);
        this.models?.remove(command.name);
        return;
      case 'createType':
        this.#catalog = this.#catalog.withType(command.name, command.type);
        return;
      case 'dropType':
        this.#catalog = this.#catalog.withoutType(command.name);
        return;
      case 'alterSystem':
        this.#system.set(command.name, command.value);
    }
  }

  async #addQuery(query: QueryObject, live: boolean): Promise<void> {
    this.#catalog = this.#catalog.withQuery(query);
    this.#nextQuery++;
    if (live && this.#startQueries) await this.#startQuery(query);
  }

  /** The same query with another plan: it goes on from its offsets, over its state. */
  async #replaceQuery(query: QueryObject, live: boolean): Promise<void> {
    this.#catalog = this.#catalog.withQuery(query);
    if (!live || !this.#startQueries) return;
    await this.node.stopQuery(query.id, false);
    await this.#startQuery(query);
  }

  async #removeQuery(id: string, live: boolean): Promise<void> {
    if (!this.#catalog.queries.has(id)) return;
    this.#catalog = this.#catalog.withoutQuery(id);
    if (live && this.#startQueries) await this.node.stopQuery(id, true);
  }

  #startQuery({ id, plan, properties, paused }: QueryObject): Promise<void> {
    return this.node.startQuery({ id, plan, properties, paused });
  }

  async close(): Promise<void> {
    await this.#mutex.run(async () => this.node.close());
    await this.models?.close();
  }
}
