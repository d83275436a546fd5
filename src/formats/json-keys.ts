import type { JsonScanner } from './json-scanner.ts';

/** A key at some place of the last object, and what it names; most objects have the same keys in the same order. */
interface Predicted {
  readonly bytes: Buffer;
  readonly field: number;
}

/** The fields that are wanted of an object, found by the bytes of their keys: by exact name, else by the name in upper case. */
export class JsonKeys {
  readonly #byName: ReadonlyMap<string, number>;
  readonly #predicted: Predicted[] = [];

  constructor(byName: ReadonlyMap<string, number>) {
    this.#byName = byName;
  }

  /** The field of the key whose opening quote is at `i`, -1 for one that nobody wants. `scanner.next` is then behind the key. */
  find(scanner: JsonScanner, bytes: Buffer, i: number, place: number): number {
    if (bytes[i] !== 34) scanner.fail(i);
    const guess = this.#predicted[place];
    if (guess !== undefined && isKey(guess.bytes, bytes, i + 1)) {
      scanner.next = i + guess.bytes.length + 2;
      return guess.field;
    }
    return this.#lookUp(scanner, bytes, i, place);
  }

  #lookUp(scanner: JsonScanner, bytes: Buffer, i: number, place: number): number {
    const end = scanner.skipString(i);
    scanner.next = end;
    const text = scanner.keyText(bytes, i + 1, end - 1);
    const field = this.#byName.get(text) ?? this.#byName.get(text.toUpperCase()) ?? -1;
    if (place < 256) this.#predicted[place] = { bytes: Buffer.from(bytes.subarray(i + 1, end - 1)), field };
    return field;
  }
}

/** Whether a key and the quote behind it stand at an offset. */
function isKey(key: Buffer, bytes: Buffer, start: number): boolean {
  const { length } = key;
  if (bytes[start + length] !== 34) return false;
  for (let k = 0; k < length; k++) if (key[k] !== bytes[start + k]) return false;
  return true;
}
