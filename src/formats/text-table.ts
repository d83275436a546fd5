const slots = 256;
const longest = 16;
/** After this many texts the table decides, by its hit rate, whether to be used for the following ones. */
const trial = 1024;
const trust = 64;

/**
 * A cache from short ASCII byte sequences to strings: many columns have few distinct values, and a hit needs no new string. For
 * a column with many distinct values the cache is switched off for a while.
 */
export class TextTable {
  readonly #texts: string[] = new Array<string>(slots).fill('');
  #left = trial;
  #misses = 0;
  #resting = false;

  /** The string of ASCII bytes. */
  get(bytes: Buffer, start: number, end: number): string {
    if (--this.#left === 0) this.#judge();
    const length = end - start;
    if (this.#resting || length > longest) return bytes.latin1Slice(start, end);
    let hash = length;
    for (let i = start; i < end; i++) hash = Math.imul(hash, 31) + bytes[i]!;
    const place = (hash ^ (hash >>> 8)) & (slots - 1);
    const known = this.#texts[place]!;
    if (isSame(known, bytes, start, length)) return known;
    this.#misses++;
    return (this.#texts[place] = bytes.latin1Slice(start, end));
  }

  #judge(): void {
    this.#resting = this.#misses > trial / 4;
    this.#misses = 0;
    this.#left = this.#resting ? trial * trust : trial;
  }
}

function isSame(text: string, bytes: Buffer, start: number, length: number): boolean {
  if (text.length !== length) return false;
  for (let i = 0; i < length; i++) if (text.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}
