import type { RowsBy, Scored } from '../../runtime/ports/model-host.ts';
import type { VersionStats } from '../../runtime/ports/scoring-stats.ts';
import { slotCount, shadowSlotOf } from '../../types/model-route.ts';
import type { ModelObject } from '../../types/model.ts';
import type { Row } from '../../types/sql-type.ts';
import { VersionCounts } from './scoring-counts.ts';

/** So many calls of one shadow may run; rows that come meanwhile are left out. */
const mostInFlight = 4;

/** What scores the rows of shadows, apart from the rows of queries: with own threads and sessions. */
interface ShadowService {
  put(model: ModelObject): Promise<void>;
  remove(name: string): void;
  score(model: string, version: number, rows: readonly Row[]): Promise<readonly Scored[]>;
  ownStats(): VersionStats[];
  close(): Promise<void>;
}

interface Shadow {
  inFlight: number;
  dropped: number;
}

/** Shadows see rows after these have their answers; nothing waits for them. */
export class Shadows {
  readonly #open: () => ShadowService;
  #service: ShadowService | undefined;
  readonly #shadows = new Map<string, Shadow>();

  constructor(open: () => ShadowService) {
    this.#open = open;
  }

  /** Loads nothing: a shadow's first call does. */
  put(model: ModelObject): void {
    if (this.#service === undefined && (model.route?.shadows ?? []).length === 0) return;
    this.#service ??= this.#open();
    const { route: _route, ...plain } = model;
    void this.#service.put(plain);
  }
  remove(name: string): void {
    this.#service?.remove(name);
    for (const key of this.#shadows.keys()) if (key.startsWith(`${name}/`)) this.#shadows.delete(key);
  }

  /** Gives sampled rows to each shadow of the route. */
  send({ name, route }: ModelObject, rows: readonly Row[], answers: readonly Scored[], by: RowsBy): void {
    for (const { version, slots } of route!.shadows ?? []) {
      const isSampled = (row: number): boolean => {
        if (answers[row]!.version === version) return false;
        const key = by.keyOf(row);
        return key === null ? slots === slotCount : shadowSlotOf(route!.seed, key) < slots;
      };
      const places = [...rows.keys()].filter(isSampled);
      if (places.length > 0) this.#call(name, version, places, rows, by);
    }
  }

  #call(name: string, version: number, places: readonly number[], rows: readonly Row[], by: RowsBy): void {
    const shadow = this.#of(name, version);
    if (shadow.inFlight >= mostInFlight) {
      shadow.dropped += places.length;
      return;
    }
    shadow.inFlight++;
    const own = places.map((place) => rows[place]!);
    void this.#service!.score(name, version, own)
      .then(
        (scored) => {
          places.forEach((place, i) => by.shadowed!(place, scored[i]!));
        },
        () => {
          shadow.dropped += places.length;
        },
      )
      .finally(() => {
        shadow.inFlight--;
      });
  }

  #of(name: string, version: number): Shadow {
    const key = `${name}/${version}`;
    let shadow = this.#shadows.get(key);
    if (shadow === undefined) this.#shadows.set(key, (shadow = { inFlight: 0, dropped: 0 }));
    return shadow;
  }

  stats(): VersionStats[] {
    const scored = this.#service?.ownStats() ?? [];
    return [...this.#shadows].map(([key, { dropped }]) => {
      const [, model, version] = /^(.*)\/(\d+)$/.exec(key)!;
      const found = scored.find((each) => each.model === model && each.version === Number(version));
      const stats = found ?? new VersionCounts().stats(model!, Number(version));
      return { ...stats, isShadow: true, rows: { ...stats.rows, ...(dropped === 0 ? {} : { dropped }) } };
    });
  }

  async close(): Promise<void> {
    await this.#service?.close();
  }
}
