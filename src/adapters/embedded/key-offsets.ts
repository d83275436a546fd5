import { hash } from 'node:crypto';

const slotBytes = 24;
const fullest = 0.75;

/**
 * The last offset of each key, in a fixed number of bytes: 24 a key, of which a quarter stays empty. Keys are known by 128 bits of
 * their SHA-256, so that nobody can make two that are taken for one.
 */
export class KeyOffsets {
  readonly #words: Uint32Array;
  /** One more than the offset; 0 in an empty slot. */
  readonly #offsets: Float64Array;
  readonly #slots: number;
  readonly #digest = new Uint32Array(4);
  size = 0;

  constructor(bytes: number) {
    this.#slots = Math.max(8, Math.floor(bytes / slotBytes));
    this.#words = new Uint32Array(this.#slots * 4);
    this.#offsets = new Float64Array(this.#slots);
  }

  /** Whether it takes no key that it does not have. */
  get isFull(): boolean {
    return this.size >= this.#slots * fullest;
  }

  /** Sets the offset of a key; false, and nothing is set, where there is no room for it. */
  set(key: Buffer, offset: number): boolean {
    const slot = this.#slotOf(key);
    if (this.#offsets[slot] === 0) {
      if (this.isFull) return false;
      this.size++;
      this.#words.set(this.#digest, slot * 4);
    }
    this.#offsets[slot] = offset + 1;
    return true;
  }
  /** The offset of a key; -1 for one that it does not have. */
  get(key: Buffer): number {
    return this.#offsets[this.#slotOf(key)]! - 1;
  }

  /** The slot that has the key, or the empty one that it belongs into. */
  #slotOf(key: Buffer): number {
    const digest = this.#digest;
    const text = hash('sha256', key, 'binary');
    for (let i = 0; i < 4; i++)
      digest[i] =
        text.charCodeAt(4 * i) |
        (text.charCodeAt(4 * i + 1) << 8) |
        (text.charCodeAt(4 * i + 2) << 16) |
        (text.charCodeAt(4 * i + 3) << 24);
    const words = this.#words;
    let slot = digest[0]! % this.#slots;
    while (this.#offsets[slot] !== 0) {
      const at = slot * 4;
      if (
        words[at] === digest[0] &&
        words[at + 1] === digest[1] &&
        words[at + 2] === digest[2] &&
        words[at + 3] === digest[3]
      )
        break;
      slot = slot + 1 === this.#slots ? 0 : slot + 1;
    }
    return slot;
  }
}
