import { murmur2 } from '../../records/murmur2.ts';
import { keyText } from '../../runtime/change.ts';
import { ErasedEntities } from '../../runtime/erased-entities.ts';
import type { Erasure } from '../../specs/erasure.ts';
import type { Row } from '../../types/sql-type.ts';

/** So many entities, chosen by a hash of their key: the same ones every time. Without a number, all of them. */
export class SampledEntities {
  readonly #count: number | undefined;
  readonly #taken = new Map<string, number>();
  #greatest = Infinity;

  /** Of entities that were erased nothing is compared: what is left of them is not what their events give. */
  readonly #erased: ErasedEntities;

  constructor(count: number | undefined, erased: readonly Erasure[] = []) {
    this.#count = count;
    this.#erased = new ErasedEntities({ list: erased });
  }

  /** Whether an entity may be among those that are chosen, as far as entities are known. */
  take(entity: Row): boolean {
    if (this.#erased.has(entity)) return false;
    if (this.#count === undefined) return true;
    const text = keyText(entity);
    if (this.#taken.has(text)) return true;
    const hash = murmur2(Buffer.from(text)) >>> 0;
    if (hash > this.#greatest) return false;
    this.#taken.set(text, hash);
    if (this.#taken.size >= 2 * this.#count + 64) this.#cut(this.#count);
    return true;
  }
  #cut(count: number): void {
    const all = [...this.#taken].sort(([textA, a], [textB, b]) => a - b || (textA < textB ? -1 : 1));
    for (const [text] of all.slice(count)) this.#taken.delete(text);
    if (all.length >= count) this.#greatest = all[count - 1]![1];
  }

  /** All entities have been taken; what is not chosen is forgotten. */
  close(): void {
    if (this.#count !== undefined) this.#cut(this.#count);
  }
  has(entity: Row): boolean {
    if (this.#erased.has(entity)) return false;
    return this.#count === undefined || this.#taken.has(keyText(entity));
  }
}
