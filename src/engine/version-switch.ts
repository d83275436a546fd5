import type { Catalog, FeatureView, QueryObject, SourceObject } from '../catalog/catalog.ts';
import { versionOf, viewOfName } from '../catalog/version-names.ts';
import { pendingVersions } from '../catalog/view-versions.ts';
import { subTopologies } from '../plan/physical/topology.ts';
import type { Node } from '../runtime/ports/node.ts';
import { runSettings } from '../runtime/run-settings.ts';
import type { Command } from './commands.ts';

/** How far a version without FRESHNESS may be behind its sources when it goes live, or two commits of it. */
const defaultTargetMs = 5000;
/** How often a version is looked at that is not live yet; on a cluster every look asks the broker. */
const lookMs = { embedded: 50, kafka: 300 };

/** The ends of what a version reads, at a time. */
interface Mark {
  readonly at: number;
  readonly ends: ReadonlyMap<string, number>;
}

/**
 * Whether a version has all that its sources had a moment ago. What one part of its plan has read is in the topic before the next, and
 * then in the one before its stores: each has to come to ends that were taken after the part before it had.
 */
class CatchUp {
  readonly #rounds: number;
  #passed = 0;
  #mark: Mark | undefined;

  constructor(rounds: number) {
    this.#rounds = rounds;
  }

  /** Looks at positions as they are now; true when the version is less than `targetMs` behind. */
  look(
    positions: readonly {
      readonly place: string;
      readonly end: number;
      readonly committed: number;
    }[],
    targetMs: number,
  ): boolean {
    const at = performance.now();
    const mark = this.#mark ?? {
      at,
      ends: new Map(positions.map(({ place, end }) => [place, end])),
    };
    this.#mark = mark;
    const committed = new Map(positions.map((position) => [position.place, position.committed]));
    if (![...mark.ends].every(([place, end]) => (committed.get(place) ?? 0) >= end)) return false;
    this.#mark = undefined;
    this.#passed++;
    return this.#passed >= this.#rounds && at - mark.at <= targetMs;
  }
}

/** What it needs of an engine. */
interface Switching {
  readonly catalog: Catalog;
  readonly node: Node;
  change<T>(action: (distribute: (command: Command) => Promise<number>) => Promise<T>): Promise<T>;
}

/**
 * Lets versions of feature views go live when they have caught up: a command in the log, at which every node goes over. Each node looks,
 * and the first to see it appends the command.
 */
export class VersionSwitch {
  readonly #engine: Switching;
  readonly #watched = new Map<string, CatchUp>();
  #timer: NodeJS.Timeout | undefined;
  #isStarted = false;
  #closed = false;

  constructor(engine: Switching) {
    this.#engine = engine;
  }

  start(): void {
    this.#isStarted = true;
    this.poke();
  }
  /** There may be a version to look at. */
  poke(): void {
    if (!this.#isStarted || this.#closed || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => void this.#round(), lookMs[this.#engine.node.kind]).unref();
  }
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #round(): Promise<void> {
    const pending = pendingVersions(this.#engine.catalog);
    for (const source of pending) {
      // What cannot be told or appended now is tried again.
      const isDue = await this.#hasCaughtUp(source).catch(() => false);
      if (this.#closed) return;
      if (isDue) await this.#switch(source).catch(() => undefined);
    }
    this.#timer = undefined;
    const left = new Set(pendingVersions(this.#engine.catalog).map(({ createdBy }) => createdBy!));
    for (const id of this.#watched.keys()) if (!left.has(id)) this.#watched.delete(id);
    if (left.size > 0) this.poke();
  }

  async #hasCaughtUp({ spec, featureView, createdBy }: SourceObject): Promise<boolean> {
    const { catalog, node } = this.#engine;
    const query = catalog.queries.get(createdBy!);
    if (query === undefined) return false;
    const exporters = catalog.exportsOf(spec.name);
    const queries = [query, ...exporters];
    if (queries.some((each) => !isRunning(each, this.#engine))) return false;
    const found = await Promise.all(queries.map(({ id }) => node.whereabouts(id)));
    if (found.includes(undefined)) return false;
    const positions = found.flatMap((whereabouts, i) =>
      whereabouts!.positions.map(({ topic, partition, end, committed }) => ({
        place: `${i}/${topic}/${partition}`,
        end,
        committed,
      })),
    );
    let watched = this.#watched.get(query.id);
    if (watched === undefined) {
      const rounds = subTopologies(query.plan).length + (exporters.length === 0 ? 0 : 1);
      this.#watched.set(query.id, (watched = new CatchUp(rounds)));
    }
    return watched.look(positions, targetOf(query, featureView!) + 2 * lookMs[node.kind]);
  }

  #switch({ spec, featureView, createdBy }: SourceObject): Promise<void> {
    const [view, number] = [viewOfName(spec.name), versionOf(featureView!)];
    return this.#engine.change(async (distribute) => {
      // Another node may have been first, or the version was dropped.
      const pending = pendingVersions(this.#engine.catalog);
      if (pending.some((each) => each.createdBy === createdBy))
        await distribute({ v: 1, kind: 'switchVersion', view, number });
    });
  }
}

/** FRESHNESS, or what is enough for a query that commits rarely: what comes after a commit is told of by the next one. */
const targetOf = ({ properties }: QueryObject, { freshnessTargetMs }: FeatureView): number =>
  freshnessTargetMs ?? Math.max(defaultTargetMs, 2 * runSettings(properties).commit.everyMs);

function isRunning({ id, paused }: QueryObject, { node }: Switching): boolean {
  const state = node.status(id)?.state;
  return !paused && state !== undefined && state !== 'ERROR' && state !== 'PAUSED';
}
