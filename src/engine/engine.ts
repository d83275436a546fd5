import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Catalog, FeatureView, QueryObject } from '../catalog/catalog.ts';
import { noSpan } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { sourcesOf } from '../plan/physical/topology.ts';
import { ignoreFailures } from '../runtime/failures.ts';
import type { ModelHost } from '../runtime/ports/model-host.ts';
import type { OnlineStores } from '../runtime/ports/online-store.ts';
import type { Connect } from '../runtime/ports/connect.ts';
import { retry } from '../util/retry.ts';
import { CommandRaced, type Node, type NumberedCommand } from '../runtime/ports/node.ts';
import type { SchemaCache } from '../runtime/schema-cache.ts';
import type { SchemaRegistry } from '../runtime/ports/schema-registry.ts';
import { LocalTopology } from '../runtime/topology.ts';
import { noConflation, runSettings } from '../runtime/run-settings.ts';
import { Applied, type Effect } from './applied.ts';
import { CommandCompaction } from './command-compaction.ts';
import type { Command } from './commands.ts';
import { Mutex } from './mutex.ts';
import { noState } from './no-state.ts';
import { VersionSwitch } from './version-switch.ts';
import { ViewLags } from './view-lags.ts';
import { PushQueries } from './push-queries.ts';
import { SharedPush } from './shared-push.ts';
import type { ModelRegistry } from '../runtime/ports/model-registry.ts';
import type { BackgroundJob } from './training/progress.ts';
import type { Backfill } from './backfill/progress.ts';
import type { Verification } from './verification/report.ts';
import { readCommand } from './read-command.ts';

export interface EngineOptions {
  readonly node: Node;
  readonly models: (ModelHost & ModelRegistry) | undefined;
  readonly stores?: OnlineStores | undefined;
  readonly serviceId: string;
  /** The defaults of every session, from the server's settings. */
  readonly defaults: Readonly<Record<string, string>>;
  /** The settings that the server was started with, for display. */
  readonly serverSettings?: readonly { readonly name: string; readonly value: string }[];
  readonly registry: SchemaRegistry;
  /** Cache of the registry's schemas that records are read with. */
  readonly schemas: SchemaCache;
  /** Kafka Connect, when one is configured. */
  readonly connect?: Connect | undefined;
  /** False: queries are not started; a test runs them itself. */
  readonly startQueries?: boolean;
  /** Told of what does not stop the node. */
  readonly log?: ((text: string) => void) | undefined;
}

/** Holds the catalogue, applies commands in order, and starts and stops queries on the node. */
export class Engine {
  readonly node: Node;
  readonly models: (ModelHost & ModelRegistry) | undefined;
  readonly stores: OnlineStores | undefined;
  readonly registry: SchemaRegistry;
  readonly schemas: SchemaCache;
  readonly serviceId: string;
  readonly connect: Connect | undefined;
  readonly serverSettings: readonly { readonly name: string; readonly value: string }[];
  readonly #defaults: Readonly<Record<string, string>>;
  readonly startedAt = Date.now();
  /** The push queries of this node's clients. */
  readonly pushQueries = new PushQueries();
  readonly sharedPush = new SharedPush();
  /** How far feature views with FRESHNESS are behind their sources. */
  readonly viewLags: ViewLags;
  /** Lets versions of feature views go live that have caught up. */
  readonly versionSwitch: VersionSwitch;
  /** Removes commands from the log that have no effect any more. */
  readonly compaction: CommandCompaction;
  readonly #mutex = new Mutex();
  readonly #startQueries: boolean;
  /** The jobs of training sets that this node has started. */
  readonly trainingJobs = new Map<string, BackgroundJob>();
  /** The last verification of each feature view that this node has begun. */
  readonly verifications = new Map<string, Verification>();
  /** The last backfill of each feature view that this node has begun. */
  readonly backfills = new Map<string, Backfill>();
  #state = new Applied();
  /** The number of the last command that has changed the state; what it asks for besides may be left to do. */
  #changedBy = -1;
  #left: Effect[] = [];
  #applied = -1;
  #stuck: string | undefined;
  /** Queries of the log that are not started yet. */
  readonly #waiting = new Set<string>();
  #hasStarted = false;
  #isReady = false;
  #closed = false;

  constructor(options: EngineOptions) {
    this.node = options.node;
    this.models = options.models;
    this.stores = options.stores;
    this.registry = options.registry;
    this.schemas = options.schemas;
    this.serviceId = options.serviceId;
    this.#defaults = options.defaults;
    this.serverSettings = options.serverSettings ?? [];
    this.connect = options.connect;
    this.#startQueries = options.startQueries ?? true;
    this.viewLags = new ViewLags(() => this.catalog, this.node);
    this.versionSwitch = new VersionSwitch(this);
    this.compaction = new CommandCompaction(this.node.commands, options.log ?? (() => undefined));
  }

  get catalog(): Catalog {
    return this.#state.catalog;
  }
  /** The properties of a session that has set none itself. */
  get defaults(): Readonly<Record<string, string>> {
    const { system } = this.#state;
    return system.size === 0 ? this.#defaults : { ...this.#defaults, ...Object.fromEntries(system) };
  }
  /** The number of the last applied command; -1 before the first. */
  get commandNumber(): number {
    return this.#applied;
  }
  /** The number in the id of the next query. */
  get nextQueryNumber(): number {
    return this.#state.nextQuery;
  }

  /** Reads the command log, rebuilds the catalogue and starts its queries. */
  async start(): Promise<void> {
    await this.load();
    await this.startQueries();
  }

  /** Reads the command log and rebuilds the catalogue. Statements can be executed from then on. */
  async load(): Promise<void> {
    this.#state = Applied.loading();
    const stored = await this.node.commands.readAfter(-1);
    for (const { number, command } of stored) {
      await this.#apply(number, readCommand(command, number), false);
    }
    this.compaction.added(stored.length);
    this.#state.loaded();
    if (this.#startQueries) for (const id of this.catalog.queries.keys()) this.#waiting.add(id);
    const { commands } = this.node;
    commands.follow?.(() => {
      const applied = this.#mutex.run(() => this.#applyAll(commands.known!(this.#applied)));
      applied.catch((error: unknown) => (this.#stuck = (error as Error).message));
    });
  }

  /** Starts the queries that the log had, one by one, beside the statements that come meanwhile. */
  async startQueries(): Promise<void> {
    for (const id of [...this.#waiting]) {
      await this.#mutex.run(async () => {
        const query = this.catalog.queries.get(id);
        if (!this.#closed && query !== undefined && this.#waiting.delete(id)) await this.#startQuery(query);
      });
      await nextTurn();
    }
    // What is left is deleted at the next start.
    if (this.#startQueries && !this.#closed)
      await this.#mutex.run(async () => this.node.forgetDropped?.()).catch(() => undefined);
    this.#hasStarted = true;
    this.viewLags.start();
    this.versionSwitch.start();
    this.compaction.consider(this.catalog);
  }
  /** Whether the node's queries have come to their work since its start, or tell why not. */
  get isReady(): boolean {
    return (this.#isReady ||= this.#hasStarted && (this.node.isSettled?.() ?? true));
  }

  /** Why this node cannot apply the next command; undefined while it can. */
  get stuck(): string | undefined {
    return this.#stuck;
  }

  async #applyAll(commands: readonly NumberedCommand[]): Promise<void> {
    for (const { number, command } of commands) {
      await this.#apply(number, readCommand(command, number), true);
      this.compaction.added(1);
      this.#stuck = undefined;
    }
  }

  /** Waits until the command with this number is applied here; refuses after `ms`. */
  async reach(number: number, ms: number): Promise<void> {
    for (const end = performance.now() + ms; this.#applied < number; await sleep(5))
      if (performance.now() > end)
        throw new SqlError('COMMAND_NOT_REACHED', noSpan, { number, applied: this.#applied, ms });
  }

  /**
   * Runs an action that may change the catalogue, exclusively: it sees every command so far, and no other command comes before
   * those that it distributes. It is begun again when another node was first.
   */
  change<T>(action: (distribute: (command: Command) => Promise<number>) => Promise<T>): Promise<T> {
    const attempt = async (): Promise<T> => {
      await this.#applyAll(await this.node.commands.readAfter(this.#applied));
      return action(async (given) => {
        const command = await this.#complete(given);
        const number = await this.node.commands.append(JSON.stringify(command), this.#applied);
        await this.#apply(number, command, true);
        this.compaction.added(1);
        if (this.#hasStarted) this.compaction.consider(this.catalog);
        return number;
      });
    };
    const mayPass = (error: unknown): boolean => error instanceof CommandRaced;
    return this.#mutex.run(() =>
      retry(attempt, { retries: 20, firstMs: 20, longestMs: 500, mayPass }).catch((error: unknown) => {
        const why = 'other nodes changed the catalogue meanwhile: try again';
        throw mayPass(error) ? new SqlError('BAD_REQUEST', noSpan, { why }) : error;
      }),
    );
  }

  /** A command as it is appended: a query in it was built as a test, and has its start. */
  async #complete(command: Command): Promise<Command> {
    if (!('query' in command) || command.query === undefined) return command;
    this.#check(command.query);
    return { ...command, query: await this.#withStart(command.query) };
  }

  /** Fixes where a query begins. One that is replaced keeps what it had; topics that its new plan adds begin now. */
  async #withStart(query: QueryObject): Promise<QueryObject> {
    if (this.node.startPositions === undefined || runSettings(query.properties).earliest) return query;
    const before = this.catalog.queries.get(query.id)?.start;
    const topics = sourcesOf(query.plan).flatMap(({ source }) => (source.kind === 'STREAM' ? source.topic : []));
    const ends = await this.node.startPositions(topics.filter((topic) => before?.[topic] === undefined));
    return { ...query, start: { ...ends, ...before } };
  }

  /** Builds a query's operators as a test, because a command that fails would fail on every node that applies the log. */
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

  /** Applies a command. One of which a part could not be done, as when the broker was away, goes on with that part. */
  async #apply(number: number, command: Command, live: boolean): Promise<void> {
    if (number > this.#changedBy) {
      this.#left = [...this.#state.apply(command)];
      this.#changedBy = number;
    }
    for (let next; (next = this.#left[0]) !== undefined; this.#left.shift()) await this.#carryOut(next, live);
    this.#applied = number;
  }

  async #carryOut(effect: Effect, live: boolean): Promise<void> {
    switch (effect.kind) {
      case 'added':
        if (live && this.#startQueries) await this.#startQuery(effect.query);
        return;
      case 'replaced':
        return live ? this.#replaceQuery(effect.query) : undefined;
      case 'removed':
        return live ? this.#removeQuery(effect.query) : undefined;
      case 'paused': {
        const { id, paused, skip } = effect;
        if (live && this.#startQueries && !this.#waiting.has(id)) await this.node.setPaused(id, paused, skip);
        return;
      }
      case 'versionAdded':
        this.versionSwitch.poke();
        return;
      case 'renamed':
        this.pushQueries.rename(effect.names);
        return;
      case 'sourceDropped':
        this.#forgetJobs(effect.name);
        this.pushQueries.closeReading(effect.name);
        return;
      case 'modelPut':
        // A missing model file does not stop the node: every row to be scored reports the error.
        await this.models?.put(effect.model).catch((error: unknown) => {
          if (live) throw error;
        });
        return;
      case 'modelDropped':
        this.models?.remove(effect.name);
    }
  }

  #forgetJobs(view: string): void {
    for (const jobs of [this.verifications, this.backfills]) {
      void jobs.get(view)?.cancel();
      jobs.delete(view);
    }
  }

  /** Gives a query that runs another plan; it keeps its offsets and its state. */
  async #replaceQuery(query: QueryObject): Promise<void> {
    if (!this.#startQueries) return;
    this.#waiting.delete(query.id);
    await this.node.stopQuery(query.id, false);
    await this.#startQuery(query);
  }

  async #removeQuery(query: QueryObject): Promise<void> {
    if (!this.#startQueries) return;
    // The node forgets what it knows: a query that was not started is one that does no work.
    if (this.#waiting.delete(query.id)) await this.#startQuery({ ...query, paused: true });
    await this.node.stopQuery(query.id, true);
  }

  #startQuery(query: QueryObject): Promise<void> {
    const { id, plan, paused, start } = query;
    const own = query.kind === 'EXPORT' ? query.sources[0] : query.sink;
    const erased = this.catalog.erasedOf(query.sources, own);
    const properties = committingWithin(query.properties, this.catalog.sources.get(own ?? '')?.featureView);
    return this.node.startQuery({ id, plan, properties, paused, start, ...(erased === undefined ? {} : { erased }) });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.viewLags.close();
    this.versionSwitch.close();
    for (const jobs of [this.trainingJobs, this.verifications, this.backfills])
      for (const job of jobs.values()) await job.cancel();
    await this.compaction.close();
    await this.#mutex.run(async () => this.node.close());
    await this.stores?.close();
    await this.models?.close();
  }
}

/** The properties of a view's query, or of one behind it, that commits often enough for FRESHNESS: twice in it, since both may wait. */
function committingWithin(
  properties: QueryObject['properties'],
  view: FeatureView | undefined,
): QueryObject['properties'] {
  if (view?.freshnessTargetMs === undefined) return properties;
  const ms = Math.max(1, Math.min(runSettings(properties).commit.everyMs, Math.floor(view.freshnessTargetMs / 2)));
  return { ...properties, 'commit.interval.ms': String(ms) };
}
