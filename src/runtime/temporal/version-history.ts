import type { Row, Value } from '../../types/sql-type.ts';
import type { KeyValueStore } from '../stores/key-value-store.ts';
import type { WindowStore } from '../stores/window-store.ts';

/**
 * A row of a key from a time on, until its next version; null: deleted. Of several versions of a time that with the greatest `rank`
 * holds.
 */
export type Version = [time: number, rank: number, row: Row | null];
/** Versions in order that are stored by themselves: from when on, and the number of the entry. */
type Piece = [from: number, rank: number, id: number];
/** The newest versions of a key, about their bytes, the pieces with those before, and the number of the next piece. */
export type KeyVersions = [recent: Version[], bytes: number, pieces: Piece[], nextId: number];

/** How many versions, and about how many bytes of them, are in one entry before it is split. Tests make them smaller. */
export const entryLimits = { versions: 128, bytes: 64_000 };

export interface HistoryStores {
  readonly keys: KeyValueStore<KeyVersions>;
  readonly pieces: KeyValueStore<Version[]>;
  /** The keys with versions of a stretch of time. */
  readonly due: WindowStore<1>;
}

/**
 * The versions of each key's row by time. What is before a horizon is forgotten, but for the version that holds at it, which stays
 * while `keepsLast`. A key's versions are kept in pieces, so that no entry grows with the number of its changes.
 */
export class VersionHistory {
  readonly #stores: HistoryStores;
  readonly #stretchMs: number;
  readonly #keptMs: number;
  readonly #keepsLast: boolean;
  /** What is before this has been forgotten. */
  #horizon: number;

  /** `keptMs`: how long versions are kept behind stream time. */
  constructor(stores: HistoryStores, keptMs: number, keepsLast: boolean, streamTime: number) {
    this.#stores = stores;
    this.#keptMs = keptMs;
    this.#stretchMs = Math.max(1000, Math.ceil(keptMs / 16));
    this.#keepsLast = keepsLast;
    this.#horizon = this.#stretchOf(streamTime - keptMs);
  }

  /** The version of a key that holds at a time. */
  at(key: string, time: number): Version | undefined {
    const versions = this.#stores.keys.get(key);
    if (versions === undefined) return undefined;
    const [recent, , pieces] = versions;
    const newest = behind(recent, time, Infinity);
    if (newest > 0) return recent[newest - 1];
    const piece = pieces[behind(pieces, time, Infinity) - 1];
    if (piece === undefined) return undefined;
    const stored = this.#piece(key, piece);
    return stored[behind(stored, time, Infinity) - 1];
  }

  put(key: string, version: Version): void {
    const { keys } = this.#stores;
    if (!this.#keepsLast && version[0] < this.#horizon) return;
    const versions = keys.get(key) ?? [[], 0, [], 0];
    const [recent, , pieces] = versions;
    const at = behind(recent, version[0], version[1]);
    if (at > 0 || pieces.length === 0) {
      versions[1] += placed(recent, at, version);
      if (recent.length > 1 && (recent.length > entryLimits.versions || versions[1] > entryLimits.bytes))
        this.#seal(key, versions);
    } else this.#putBefore(key, versions, version);
    keys.put(key, versions);
    this.#mark(key, version[0]);
  }

  /** Puts a version in the place of all those of its time and of later ones. */
  replaceFrom(key: string, version: Version): void {
    const { keys } = this.#stores;
    const versions = keys.get(key);
    if (versions !== undefined) {
      this.#cut(key, versions, version[0]);
      if (versions[0].length === 0) keys.delete(key);
      else keys.put(key, versions);
    }
    this.put(key, version);
  }
  /** Forgets the versions from a time on. */
  #cut(key: string, versions: KeyVersions, time: number): void {
    const [recent, , pieces] = versions;
    for (const version of recent.splice(behind(recent, time, -Infinity))) versions[1] -= bytesOf(version);
    while (recent.length === 0 && pieces.length > 0) {
      const piece = pieces.pop()!;
      const list = this.#piece(key, piece);
      this.#stores.pieces.delete(pieceKey(key, piece[2]));
      for (const version of list.slice(0, behind(list, time, -Infinity))) {
        recent.push(version);
        versions[1] += bytesOf(version);
      }
    }
  }

  /** The older half of the newest versions becomes a piece. */
  #seal(key: string, versions: KeyVersions): void {
    const older = versions[0].splice(0, versions[0].length >> 1);
    versions[1] -= older.reduce((sum, version) => sum + bytesOf(version), 0);
    versions[2].push(this.#newPiece(key, versions, older));
  }
  #newPiece(key: string, versions: KeyVersions, list: Version[]): Piece {
    const id = versions[3]++;
    this.#stores.pieces.put(pieceKey(key, id), list);
    return [list[0]![0], list[0]![1], id];
  }

  /** A version that came late, before the newest ones. */
  #putBefore(key: string, versions: KeyVersions, version: Version): void {
    const [, , pieces] = versions;
    const place = Math.max(0, behind(pieces, version[0], version[1]) - 1);
    const piece = pieces[place]!;
    const list = this.#piece(key, piece);
    placed(list, behind(list, version[0], version[1]), version);
    [piece[0], piece[1]] = list[0]!;
    const bytes = list.reduce((sum, each) => sum + bytesOf(each), 0);
    if (list.length > 1 && (list.length > entryLimits.versions || bytes > 2 * entryLimits.bytes))
      pieces.splice(place + 1, 0, this.#newPiece(key, versions, list.splice(list.length >> 1)));
    this.#stores.pieces.put(pieceKey(key, piece[2]), list);
  }
  #piece(key: string, [, , id]: Piece): Version[] {
    return this.#stores.pieces.get(pieceKey(key, id)) ?? [];
  }

  #stretchOf(time: number): number {
    return Math.max(0, Math.floor(time / this.#stretchMs) * this.#stretchMs);
  }
  #mark(key: string, time: number): void {
    const stretch = Math.max(this.#horizon, this.#stretchOf(time));
    if (this.#stores.due.get(stretch, key) === undefined) this.#stores.due.put(stretch, key, 1);
  }

  /** Stream time has moved: forgets what is too old, in stretches of time. */
  advance(streamTime: number): void {
    const { due } = this.#stores;
    const horizon = this.#stretchOf(streamTime - this.#keptMs);
    if (horizon <= this.#horizon) return;
    this.#horizon = horizon;
    const keys = new Set<string>();
    for (const [, key] of due.entries(0, horizon)) keys.add(key);
    for (const key of keys) this.#forgetOf(key);
    due.expire(horizon);
  }
  #forgetOf(key: string): void {
    const { keys, pieces: stored } = this.#stores;
    const horizon = this.#horizon;
    const versions = keys.get(key);
    if (versions === undefined) return;
    const [recent, , pieces] = versions;
    // The piece in which the horizon is goes with the next stretch; those before it go now.
    const isAllOld = recent[0] !== undefined && recent[0][0] <= horizon;
    const gone = isAllOld ? pieces.length : Math.max(0, behind(pieces, horizon, Infinity) - 1);
    for (const [, , id] of pieces.splice(0, gone)) stored.delete(pieceKey(key, id));
    if (pieces.length === 0) {
      const old = behind(recent, this.#keepsLast ? horizon : horizon - 1, Infinity);
      const last = recent[old - 1];
      const kept = this.#keepsLast && last !== undefined && last[2] !== null ? 1 : 0;
      for (const version of recent.splice(0, Math.max(0, old - kept))) versions[1] -= bytesOf(version);
    }
    if (recent.length === 0 && pieces.length === 0) keys.delete(key);
    else {
      keys.put(key, versions);
      // What is before the horizon in the first piece goes later.
      if (pieces.length > 0) this.#mark(key, horizon);
    }
  }
}

const pieceKey = (key: string, id: number): string => `${id}/${key}`;

/** How many of some entries in order are at or before a time and rank. */
function behind(entries: readonly (readonly [number, number, unknown])[], time: number, rank: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const entry = entries[middle]!;
    if (entry[0] < time || (entry[0] === time && entry[1] <= rank)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Puts a version behind the first `at`, or in the place of that of its time and rank; returns how many bytes there are more. */
function placed(list: Version[], at: number, version: Version): number {
  const last = list[at - 1];
  if (last?.[0] !== version[0] || last[1] !== version[1]) {
    list.splice(at, 0, version);
    return bytesOf(version);
  }
  list[at - 1] = version;
  return bytesOf(version) - bytesOf(last);
}

const bytesOf = ([, , row]: Version): number => (row === null ? 20 : 20 + sizeOf(row));

/** About the bytes of a value in the state; never fewer. */
function sizeOf(value: Value): number {
  if (typeof value === 'string') return 5 + 3 * value.length;
  if (typeof value !== 'object' || value === null) return 10;
  if (ArrayBuffer.isView(value)) return 5 + value.byteLength;
  let sum = 6;
  if (value instanceof Map)
    for (const [key, each] of value as ReadonlyMap<Value, Value>) sum += sizeOf(key) + sizeOf(each);
  else for (const each of value as readonly Value[]) sum += sizeOf(each);
  return sum;
}
