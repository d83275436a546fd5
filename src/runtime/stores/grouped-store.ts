import { decodeValue } from '../codec.ts';
import type { StateWriter } from '../ports/state-backend.ts';
import { CachedStore, Entry } from './cached-store.ts';
import { after } from './key-bytes.ts';

/** Values by group and member; reads are of whole groups. Only changes since the last flush are in memory. */
export class GroupedStore<V> extends CachedStore {
  #dirty = new Map<string, Map<string, Entry>>();

  put(group: string, member: string, value: V): void {
    this.#set(group, member, value);
  }
  delete(group: string, member: string): void {
    this.#set(group, member, undefined);
  }
  #set(group: string, member: string, value: unknown): void {
    let members = this.#dirty.get(group);
    if (members === undefined) this.#dirty.set(group, (members = new Map<string, Entry>()));
    let entry = members.get(member);
    if (entry === undefined) members.set(member, (entry = new Entry(member, undefined)));
    entry.value = value;
    this.markDirty(entry);
  }

  /** The values of a group: the backend's, overlaid with the changes since the last flush. */
  *of(group: string): Iterable<V> {
    const pending = this.#dirty.get(group);
    const from = this.#key(group, '');
    for (const [bytes, value] of this.backend.range(from, after(from))) {
      const member = bytes.utf8Slice(from.length, bytes.length);
      if (pending?.has(member) !== true) yield decodeValue(value) as V;
    }
    for (const { value } of pending?.values() ?? []) if (value !== undefined) yield value as V;
  }

  /** The group's length in the key keeps its range apart from those of groups that begin with it. */
  #key(group: string, member: string): Buffer {
    return Buffer.concat([this.keyOf('g'), Buffer.from(`${group.length}:${group}${member}`)]);
  }

  protected flushEntries(into: StateWriter): void {
    for (const [group, members] of this.#dirty)
      for (const entry of members.values()) this.store(into, this.#key(group, entry.key), entry);
    this.#dirty = new Map();
  }
}
