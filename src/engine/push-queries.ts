import type { PhysicalPlan } from '../plan/physical/step.ts';

/** A push query that runs for a client. */
export interface PushQuery {
  readonly id: string;
  readonly statement: string;
  readonly sources: readonly string[];
  readonly plan: PhysicalPlan;
  readonly properties: Readonly<Record<string, string>>;
  close(why?: string): void;
}

/** The push queries that run on this node. */
export class PushQueries {
  readonly #running = new Map<string, PushQuery>();

  get size(): number {
    return this.#running.size;
  }
  all(): readonly PushQuery[] {
    return [...this.#running.values()];
  }
  add(query: PushQuery): void {
    this.#running.set(query.id, query);
  }
  remove(id: string): void {
    this.#running.delete(id);
  }
  /** The query that a statement names: an id without quotes comes in upper case. */
  named(name: string): PushQuery | undefined {
    const upper = name.toUpperCase();
    return this.#running.get(name) ?? this.all().find(({ id }) => id.toUpperCase() === upper);
  }
  /** Closes a query; false when no query of this id is running. */
  close(id: string): boolean {
    this.#running.get(id)?.close();
    return this.#running.delete(id);
  }
  /** Sources have other names: those that read them go on. */
  rename(names: ReadonlyMap<string, string>): void {
    for (const query of this.all()) {
      const sources = query.sources.map((name) => names.get(name) ?? name);
      if (sources.some((name, i) => name !== query.sources[i])) this.add({ ...query, sources });
    }
  }
  /** Closes those that read a source which is dropped. */
  closeReading(source: string): void {
    for (const query of this.all())
      if (query.sources.includes(source)) {
        query.close(`"${source}" was dropped`);
        this.remove(query.id);
      }
  }
  closeAll(): void {
    for (const id of [...this.#running.keys()]) this.close(id);
  }
}
