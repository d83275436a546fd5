import type { Catalog } from '../catalog/catalog.ts';
import type { Node } from '../runtime/ports/node.ts';

/** How far a query is behind its sources. */
export interface Lag {
  /** Everything that its sources had so many ms ago is in it; undefined where that is not known yet. */
  readonly ms: number | undefined;
  /** How long it is known at least to be behind; 0 where `ms` is known. */
  readonly atLeastMs: number;
}

/** The ends of a query's partitions at a time, in the order that the node tells them. */
interface Mark {
  readonly at: number;
  readonly ends: ReadonlyMap<string, number>;
}

/** More marks than this are thinned: a query that is far behind is told to be so with half of the accuracy. */
const mostMarks = 64;
const idleMs = 1000;
const [leastMs, longestMs] = [100, 5000];

/** The marks of one query: the time of the newest one that its committed positions have passed tells its lag. */
class Marks {
  #marks: Mark[] = [];
  #passedAt: number | undefined;
  #firstAt: number | undefined;
  #lookedAt = -Infinity;

  get lookedAt(): number {
    return this.#lookedAt;
  }

  /** Looks where the query is; one whose positions cannot be read falls behind. */
  async look(id: string, node: Node): Promise<void> {
    const at = performance.now();
    this.#lookedAt = at;
    this.#firstAt ??= at;
    const positions = (await node.whereabouts(id).catch(() => undefined))?.positions;
    if (positions === undefined) return;
    const place = ({ topic, partition }: { topic: string; partition: number }): string => `${topic}/${partition}`;
    const committed = new Map(positions.map((position) => [place(position), position.committed]));
    this.#marks.push({ at, ends: new Map(positions.map((position) => [place(position), position.end])) });
    const passed = this.#marks.findLastIndex(({ ends }) =>
      [...ends].every(([partition, end]) => (committed.get(partition) ?? 0) >= end),
    );
    if (passed >= 0) {
      this.#passedAt = Math.max(this.#passedAt ?? -Infinity, this.#marks[passed]!.at);
      this.#marks = this.#marks.slice(passed + 1);
    }
    if (this.#marks.length > mostMarks) this.#marks = this.#marks.filter((_mark, i) => i % 2 === 0);
  }

  lag(): Lag {
    const last = this.#lookedAt;
    return this.#passedAt === undefined
      ? { ms: undefined, atLeastMs: last - (this.#firstAt ?? last) }
      : { ms: Math.round(last - this.#passedAt), atLeastMs: 0 };
  }
}

/** What DESCRIBE, SHOW and /metrics tell of a view with FRESHNESS. */
export interface Freshness {
  readonly lagMs: number | null;
  /** Whether the lag is within the target; null while that is not known. */
  readonly isFresh: boolean | null;
}

/** How far each feature view with FRESHNESS is behind its sources, looked at again and again. Each node tells of all views. */
export class ViewLags {
  readonly #catalog: () => Catalog;
  readonly #node: Node;
  readonly #marks = new Map<string, Marks>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(catalog: () => Catalog, node: Node) {
    this.#catalog = catalog;
    this.#node = node;
  }

  start(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => void this.#round(), idleMs).unref();
  }
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /** Looks at the view now. */
  async freshness(view: string, targetMs: number): Promise<Freshness> {
    const id = this.#catalog().sources.get(view)?.createdBy;
    if (id === undefined) return { lagMs: null, isFresh: null };
    const marks = this.#marksOf(id);
    await marks.look(id, this.#node);
    const { ms, atLeastMs } = marks.lag();
    if (ms !== undefined) return { lagMs: ms, isFresh: ms <= targetMs };
    return { lagMs: null, isFresh: atLeastMs > targetMs ? false : null };
  }

  /** The lag of a query when it was last looked at; undefined where it was not. */
  lagOf(id: string): Lag | undefined {
    return this.#marks.get(id)?.lag();
  }

  #marksOf(id: string): Marks {
    let marks = this.#marks.get(id);
    if (marks === undefined) this.#marks.set(id, (marks = new Marks()));
    return marks;
  }

  async #round(): Promise<void> {
    const watched = new Set<string>();
    let next = idleMs;
    for (const { featureView, createdBy } of this.#catalog().sources.values()) {
      const targetMs = featureView?.freshnessTargetMs;
      if (targetMs === undefined || createdBy === undefined) continue;
      watched.add(createdBy);
      const everyMs = Math.min(longestMs, Math.max(leastMs, targetMs / 8));
      const marks = this.#marksOf(createdBy);
      if (performance.now() - marks.lookedAt >= everyMs) await marks.look(createdBy, this.#node);
      next = Math.min(next, everyMs);
      if (this.#closed) return;
    }
    for (const id of this.#marks.keys()) if (!watched.has(id)) this.#marks.delete(id);
    this.#timer = setTimeout(() => void this.#round(), next).unref();
  }
}
