import type { Engine } from '../engine/engine.ts';
import { storesOf } from '../engine/stored-rows.ts';

interface Assigned {
  readonly activeStores: readonly string[];
  readonly activePartitions: readonly object[];
  readonly standByStores: readonly string[];
  readonly standByPartitions: readonly object[];
}
interface HostStatus {
  readonly hostAlive: boolean;
  readonly lastStatusUpdateMs: number;
  readonly activeStandbyPerQuery: Record<string, Assigned>;
  readonly hostStoreLags: { readonly stateStoreLags: Record<string, object>; readonly updateTimeMs: number };
}

/** How long a node that is gone is told of. */
const rememberedMs = 3_600_000;

/** The nodes of the cluster, what they run and how far behind its inputs it is, in the form of ksqlDB's /clusterStatus. */
export class ClusterStatus {
  readonly #engine: Engine;
  readonly #own: string;
  /** When each node was last seen in the group of a query. */
  readonly #seen = new Map<string, number>();

  /** `own`: this node as a client has named it, for where no group names it. */
  constructor(engine: Engine, own: string) {
    this.#engine = engine;
    this.#own = own;
  }

  async read(): Promise<Readonly<Record<string, HostStatus>>> {
    const { catalog, node } = this.#engine;
    const now = Date.now();
    const hosts = new Map<string, HostStatus>();
    const hostOf = (name: string): HostStatus => {
      const known = hosts.get(name) ?? hostStatus(true, now);
      hosts.set(name, known);
      this.#seen.set(name, now);
      return known;
    };
    const queries = [...catalog.queries.values()];
    const known = await Promise.all(queries.map(({ id }) => node.whereabouts(id).catch(() => undefined)));
    known.forEach((where, i) => {
      if (where === undefined) return;
      const { id, plan } = queries[i]!;
      const stores = storesOf(plan);
      const everywhere = [...new Set(where.positions.map(({ partition }) => partition))];
      const runs = where.hosts ?? [{ host: this.#own, partitions: everywhere, standbys: [] }];
      for (const { host, partitions, standbys } of runs) {
        const status = hostOf(host);
        const of = (numbers: readonly number[]): object[] =>
          where.positions
            .filter(({ partition }) => numbers.includes(partition))
            .map(({ topic, partition }) => ({ topic, partition }));
        status.activeStandbyPerQuery[id] = {
          activeStores: partitions.length === 0 ? [] : stores,
          activePartitions: of(partitions),
          standByStores: standbys.length === 0 ? [] : stores,
          standByPartitions: of(standbys),
        };
        const lagByPartition = Object.fromEntries(
          partitions.map((number) => {
            const read = where.positions.filter(({ partition }) => partition === number);
            const sum = (field: 'committed' | 'end'): number => read.reduce((total, each) => total + each[field], 0);
            const [currentOffsetPosition, endOffsetPosition] = [sum('committed'), sum('end')];
            const offsetLag = Math.max(0, endOffsetPosition - currentOffsetPosition);
            return [number, { currentOffsetPosition, endOffsetPosition, offsetLag }];
          }),
        );
        for (const store of stores) status.hostStoreLags.stateStoreLags[`${where.group}#${store}`] = { lagByPartition };
      }
    });
    if (hosts.size === 0) hostOf(this.#own);
    for (const [name, at] of this.#seen) {
      if (now - at > rememberedMs) this.#seen.delete(name);
      else if (!hosts.has(name)) hosts.set(name, hostStatus(false, at));
    }
    return Object.fromEntries(hosts);
  }
}

const hostStatus = (hostAlive: boolean, at: number): HostStatus => ({
  hostAlive,
  lastStatusUpdateMs: at,
  activeStandbyPerQuery: {},
  hostStoreLags: { stateStoreLags: {}, updateTimeMs: at },
});
