import type { Admin } from 'kafkajs';
import { timingSafeEqual } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeValue } from '../../runtime/codec.ts';
import { Change, keyText } from '../../runtime/change.ts';
import { PartitionsMissing, type PulledState, type QueryHost, type ReadMode } from '../../runtime/ports/node.ts';
import type { Row } from '../../types/sql-type.ts';
import { Owners, type Owner } from './owners.ts';
import { frame, Peers } from './peers.ts';
import type { Member } from './query-group.ts';
import type { WantedNearest } from '../../runtime/nearest/nearest-rows.ts';
import type { PoolScan, TaskPool } from './task-pool.ts';
import type { WantedRows } from './task-scans.ts';

/** A query as its rows are asked for. */
export interface ReadQuery {
  readonly id: string;
  readonly group: string;
  readonly topics: readonly string[];
  /** The last part of its plan, whose tasks hold the result. */
  readonly part: number;
  /** Of the columns of its rows: a node with another plan of the query gives none. */
  readonly layout: string;
  /** Why nothing is read from this node; undefined when it runs its tasks. */
  readonly stands: string | undefined;
}

export interface ReadOptions {
  readonly pool: TaskPool;
  readonly admin: Admin;
  readonly clusterId: string;
  /** This node, as the others know it. */
  readonly member: Member;
  /** How long another node, and a part that is on its way to one, are waited for. */
  readonly waitMs: number;
  readonly partitionsOf: (topic: string) => Promise<number>;
  /** Whether standby tasks answer for a node that does not. */
  readonly readsStandbys: boolean;
}

const version = 1;
/** Of a request for rows as they are at a time, which a node of before does not answer. */
const timedVersion = 2;
const pauseMs = 50;

/** Partitions that an attempt did not reach; those that are `moving` may be there a moment later. */
interface Missed {
  readonly partitions: readonly number[];
  readonly why: string;
  readonly moving: boolean;
  /** The node that runs them, if it does not answer. */
  readonly silent?: Owner;
}
interface RemoteRows {
  readonly rows: AsyncGenerator;
  readonly owner: Owner;
  readonly isStandby: boolean;
}
type Request = [
  version: number,
  clusterId: string,
  group: string,
  layout: string,
  partitions: readonly number[],
  keys: readonly Row[] | null,
  /** Whether the rows are those of standby tasks; a node of before gives none of them. */
  isStandby?: boolean,
  /** `WantedNearest` as JSON; a node of before gives all rows. */
  nearest?: string | null,
  at?: number | null,
];
type SentRow = [key: Row, row: Row | undefined, timestamp: number, start: number | null, end: number | null];

/** Reads the rows of a query's result from all nodes that run its tasks. What cannot be read is an error, never left out. */
export class ClusterReads {
  readonly #options: ReadOptions;
  readonly #owners: Owners;
  readonly #peers: Peers;

  constructor(options: ReadOptions) {
    this.#options = options;
    this.#owners = new Owners(options.admin);
    this.#peers = new Peers(options.waitMs);
  }

  /** A query is dropped. */
  forget(group: string): void {
    this.#owners.forget(group);
  }

  /** This node, as the others of a query's group know it. */
  get member(): Member {
    return this.#options.member;
  }

  /** A group has another assignment. One that is `settled` is asked for now, so that reads need no broker later. */
  moved(group: string, settled: boolean): void {
    this.#owners.forget(group);
    if (settled) void this.#owners.of(group);
  }

  /** The numbers whose state this node keeps for others; undefined while the group changes. */
  async standbysOf(group: string): Promise<readonly number[] | undefined> {
    const owners = await this.#owners.of(group);
    return owners?.find(({ node }) => node === this.member.node)?.standbys;
  }

  /** The nodes of a group, and what they run; none while the group changes. */
  async hostsOf(group: string): Promise<readonly QueryHost[]> {
    const owners = (await this.#owners.of(group)) ?? [];
    return owners.map(({ listener, node, partitions, standbys }) => ({
      host: listener === undefined ? node : new URL(listener).host,
      partitions,
      standbys,
    }));
  }

  async pull(
    query: ReadQuery | undefined,
    keys: readonly Row[] | undefined,
    mode: ReadMode = {},
  ): Promise<PulledState | undefined> {
    if (query === undefined) return undefined;
    const until = performance.now() + this.#options.waitMs;
    for (;;) {
      const missed: Missed[] = [];
      const rows = await (keys === undefined
        ? this.#scan(query, mode, missed)
        : this.#lookUp(query, keys, mode, missed));
      if (rows !== undefined) return rows;
      if (missed.some(({ moving }) => !moving) || performance.now() > until) {
        const partitions = missed.flatMap(({ partitions }) => partitions).sort((a, b) => a - b);
        throw new PartitionsMissing(partitions, [...new Set(missed.map(({ why }) => why))].join('; '));
      }
      await sleep(pauseMs);
    }
  }

  /** The rows of keys: those of this node need no other, each other key is asked for everywhere. */
  async #lookUp(
    query: ReadQuery,
    keys: readonly Row[],
    { at }: ReadMode,
    missed: Missed[],
  ): Promise<PulledState | undefined> {
    const found = new Map<string, Change[]>();
    const add = (rows: readonly Change[]): void => {
      for (const row of rows) {
        const text = keyText(row.key);
        const known = found.get(text);
        if (known === undefined) found.set(text, [row]);
        else known.push(row);
      }
    };
    const local = await this.#options.pool.lookUp(
      { queryId: query.id, part: query.part, partitions: undefined, at },
      keys,
    );
    add(local.rows);
    let fromStandby = false;
    const unknown = keys.filter((key) => !found.has(keyText(key)));
    if (unknown.length > 0) {
      const owners = await this.#ownersOf(query, missed);
      if (owners === undefined) return undefined;
      this.#checkOwn(query, this.#own(owners), local.partitions, missed);
      const remote = await this.#askAll(query, owners, unknown, missed, { at });
      fromStandby = remote.some(({ isStandby }) => isStandby);
      await Promise.all(
        remote.map(async ({ rows: answer, owner }) => {
          for await (const rows of received(answer, owner)) add(rows);
        }),
      );
      if (missed.length > 0 && unknown.some((key) => !found.has(keyText(key)))) return undefined;
    }
    const rows = (async function* () {
      await Promise.resolve();
      yield keys.flatMap((key) => found.get(keyText(key)) ?? []);
    })();
    return Object.assign(rows, { fromStandby });
  }

  async #scan(query: ReadQuery, mode: ReadMode, missed: Missed[]): Promise<PulledState | undefined> {
    const owners = await this.#ownersOf(query, missed);
    if (owners === undefined) return undefined;
    const partitions = this.#own(owners);
    const local = await this.#options.pool.scan({ queryId: query.id, part: query.part, partitions, ...mode });
    this.#checkOwn(query, partitions, local.partitions, missed);
    const remote = await this.#askAll(query, owners, undefined, missed, mode);
    if (missed.length === 0)
      return Object.assign(inTurn(local, remote), { fromStandby: remote.some(({ isStandby }) => isStandby) });
    local.end();
    await endAll(remote);
    return undefined;
  }

  async #ownersOf(query: ReadQuery, missed: Missed[]): Promise<readonly Owner[] | undefined> {
    const owners = query.stands === undefined ? await this.#owners.of(query.group) : undefined;
    if (owners !== undefined) return owners;
    const counts = await Promise.all(query.topics.map(this.#options.partitionsOf)).catch(() => []);
    const count = Math.max(0, ...counts);
    missed.push({
      partitions: Array.from({ length: count }, (_, i) => i),
      why: query.stands ?? 'its tasks are on their way to other nodes',
      moving: query.stands === undefined,
    });
    return undefined;
  }

  /** The partitions of this node. */
  #own(owners: readonly Owner[]): readonly number[] {
    return owners.filter(({ node }) => node === this.member.node).flatMap(({ partitions }) => partitions);
  }
  #others(owners: readonly Owner[]): readonly Owner[] {
    return owners.filter(({ node, partitions }) => node !== this.member.node && partitions.length > 0);
  }

  #checkOwn(query: ReadQuery, own: readonly number[], read: readonly number[], missed: Missed[]): void {
    const partitions = own.filter((partition) => !read.includes(partition));
    if (partitions.length > 0)
      missed.push({ partitions, why: query.stands ?? 'its tasks are starting', moving: query.stands === undefined });
  }

  /** Asks the other nodes for their partitions, and standby tasks for those of nodes that do not answer. */
  async #askAll(
    query: ReadQuery,
    owners: readonly Owner[],
    keys: readonly Row[] | undefined,
    missed: Missed[],
    mode: ReadMode,
  ): Promise<RemoteRows[]> {
    const ask = async (asked: readonly Owner[], isStandby: boolean): Promise<RemoteRows[]> => {
      const answers = await Promise.all(asked.map((owner) => this.#ask(query, owner, keys, missed, isStandby, mode)));
      return answers.flatMap((rows, i) => (rows === undefined ? [] : [{ rows, owner: asked[i]!, isStandby }]));
    };
    const found = await ask(this.#others(owners), false);
    const silent = missed.flatMap(({ silent }) => silent ?? []);
    if (silent.length === 0 || !this.#options.readsStandbys) return found;
    const left = new Set(silent.flatMap(({ partitions }) => partitions));
    const standbys = owners
      .filter((owner) => !silent.includes(owner))
      .map((owner): Owner => ({ ...owner, partitions: owner.standbys.filter((number) => left.delete(number)) }))
      .filter(({ partitions }) => partitions.length > 0);
    if (left.size > 0) return found;
    missed.splice(0, missed.length, ...missed.filter(({ silent }) => silent === undefined));
    return [...found, ...(await ask(standbys, true))];
  }

  /** Asks a node; undefined, with a word in `missed`, when it does not answer for all of its partitions. */
  async #ask(
    query: ReadQuery,
    owner: Owner,
    keys: readonly Row[] | undefined,
    missed: Missed[],
    isStandby: boolean,
    { nearest, at }: ReadMode,
  ): Promise<AsyncGenerator | undefined> {
    const { listener, token, partitions, node } = owner;
    if (listener === undefined) {
      missed.push({ partitions, why: `node ${node || '?'} has no ksql.advertised.listener`, moving: false });
      return undefined;
    }
    const request: Request = [
      at === undefined ? version : timedVersion,
      this.#options.clusterId,
      query.group,
      query.layout,
      partitions,
      keys ?? null,
      isStandby,
      nearest === undefined ? null : JSON.stringify(nearest),
      at ?? null,
    ];
    const rows = this.#peers.ask(listener, token, request);
    try {
      const read = (await rows.next()).value as readonly number[];
      const rest = partitions.filter((partition) => !read.includes(partition));
      if (rest.length === 0) return rows;
      missed.push({ partitions: rest, why: `${listener} does not have them yet`, moving: true });
    } catch (error) {
      this.#owners.forget(query.group);
      missed.push({
        partitions,
        why: `${listener} does not answer: ${(error as Error).message}`,
        moving: false,
        silent: owner,
      });
    }
    await rows.return(undefined);
    return undefined;
  }

  /** What this node holds of a query, for another node. */
  async *answer(
    token: string,
    body: Buffer,
    queryOf: (group: string) => ReadQuery | undefined,
  ): AsyncGenerator<Buffer> {
    const [shown, own] = [Buffer.from(token), Buffer.from(this.member.token)];
    if (shown.length !== own.length || !timingSafeEqual(shown, own)) return;
    const [asked, clusterId, group, layout, partitions, keys, isStandby, nearest, at] = decodeValue(body) as Request;
    const isKnown = asked === version || asked === timedVersion;
    const query = isKnown && clusterId === this.#options.clusterId ? queryOf(group) : undefined;
    if (query?.layout !== layout) {
      yield frame([]);
      yield frame(null);
      return;
    }
    const wanted: WantedRows = {
      queryId: query.id,
      part: query.part,
      partitions,
      isStandby,
      nearest: typeof nearest === 'string' ? (JSON.parse(nearest) as WantedNearest) : undefined,
      at: at ?? undefined,
    };
    if (keys !== null) {
      const found = await this.#options.pool.lookUp(wanted, keys);
      yield frame(found.partitions);
      yield frame(found.rows.map(sent));
    } else {
      const scan = await this.#options.pool.scan(wanted);
      try {
        yield frame(scan.partitions);
        for await (const rows of scan.rows()) yield frame(rows.map(sent));
      } finally {
        scan.end();
      }
    }
    yield frame(null);
  }

  close(): void {
    this.#peers.close();
  }
}

const sent = ({ key, after, timestamp, window }: Change): SentRow => [
  key,
  after,
  timestamp,
  window?.start ?? null,
  window?.end ?? null,
];

/** The rows of another node's answer, which says when it is whole. */
async function* received(frames: AsyncGenerator, { listener, partitions }: Owner): AsyncGenerator<Change[]> {
  try {
    for await (const rows of frames) {
      if (rows === null) return;
      yield (rows as readonly SentRow[]).map(
        ([key, after, timestamp, start, end]) =>
          new Change(key, undefined, after, timestamp, 0, start === null ? undefined : { start, end: end! }),
      );
    }
  } catch (error) {
    throw new PartitionsMissing(partitions, `${listener} does not answer: ${(error as Error).message}`);
  }
  throw new PartitionsMissing(partitions, `the answer of ${listener} broke off`);
}

/** Rows of this node, then those of others. What is left unread is ended. */
async function* inTurn(local: PoolScan, remote: readonly RemoteRows[]): AsyncGenerator<readonly Change[]> {
  try {
    yield* local.rows();
    for (const { rows, owner } of remote) yield* received(rows, owner);
  } finally {
    local.end();
    await endAll(remote);
  }
}
async function endAll(remote: readonly RemoteRows[]): Promise<void> {
  await Promise.all(remote.map(({ rows }) => rows.return(undefined)));
}
