import type { Erasures } from '../specs/erasure.ts';
import type { Row } from '../types/sql-type.ts';
import { keyText } from './change.ts';
import { decodeValue, encodeValue } from './codec.ts';

/** The entity of an erasure, in the order of the view's entity columns. */
export const erasedKey = (key: string): Row => decodeValue(Buffer.from(key, 'base64')) as Row;
/** What an erasure says of an entity. */
export const storedKey = (key: Row): string => encodeValue(key).toString('base64');

/** Says of rows of a view's topic whether they are of an entity that was erased after them. */
export class ErasedEntities {
  /** The ends of the last erasure of each entity; undefined while they are not known. */
  readonly #ends = new Map<string, readonly number[] | undefined>();

  /** Whether all ends are known, and the last of them in each partition. */
  readonly #isKnown: boolean;
  readonly #last: number[] = [];

  constructor({ list }: Pick<Erasures, 'list'>) {
    for (const { key, ends } of list) this.#ends.set(keyText(erasedKey(key)), ends);
    const all = [...this.#ends.values()];
    this.#isKnown = all.every((ends) => ends !== undefined);
    for (const ends of all)
      ends?.forEach((end, partition) => (this.#last[partition] = Math.max(end, this.#last[partition] ?? 0)));
  }

  /** Whether this place is behind all that was erased, whatever stands there. */
  arePast(partition: number, offset: number): boolean {
    return this.#isKnown && offset >= (this.#last[partition] ?? 0);
  }
  /** Whether the entity was ever erased. */
  has(key: Row): boolean {
    return this.#ends.size > 0 && this.#ends.has(keyText(key));
  }
  /** Whether the row at this place came before the entity was erased. */
  covers(key: Row, partition: number, offset: number): boolean {
    if (this.#ends.size === 0) return false;
    const text = keyText(key);
    if (!this.#ends.has(text)) return false;
    const ends = this.#ends.get(text);
    return ends === undefined || offset < (ends[partition] ?? 0);
  }
}
