import { elementsRead, partOfElements, partOfField, type ReadPart } from '../types/read-part.ts';
import type { SqlType, Value } from '../types/sql-type.ts';
import { DecodeError } from './define.ts';
import { JsonKeys } from './json-keys.ts';
import type { JsonScanner } from './json-scanner.ts';

/**
 * Reads values of one type from bytes. `read` gives the value at an offset; the scanner's `next` is then the offset behind it. Throws
 * `DecodeError` where the value has another type, or a form that only the tree decoder reads.
 */
export interface JsonReader {
  read(scanner: JsonScanner, bytes: Buffer, i: number): Value;
}

/** The reader of a nested type; `scalar` gives that of any other type. */
export function nestedReader(type: SqlType, part: ReadPart, scalar: (type: SqlType) => JsonReader): JsonReader {
  switch (type.kind) {
    case 'STRUCT':
      return new StructReader(
        type.fields.map(({ name, type: fieldType }) => {
          const fieldPart = partOfField(part, name);
          return { name, reader: fieldPart && nestedReader(fieldType, fieldPart, scalar) };
        }),
      );
    case 'ARRAY':
      return new ArrayReader(nestedReader(type.element, partOfElements(part), scalar), elementsRead(part));
    case 'MAP':
      return new MapReader(nestedReader(type.value, partOfElements(part), scalar));
    default:
      return scalar(type);
  }
}

class StructReader implements JsonReader {
  readonly #readers: readonly (JsonReader | undefined)[];
  readonly #keys: JsonKeys;
  /** For each field, the number of the last object in which it was seen. */
  readonly #seen: number[];
  #objects = 0;

  constructor(fields: readonly { readonly name: string; readonly reader: JsonReader | undefined }[]) {
    this.#readers = fields.map(({ reader }) => reader);
    this.#keys = new JsonKeys(
      new Map(fields.flatMap(({ name, reader }, i) => (reader === undefined ? [] : [[name, i]]))),
    );
    this.#seen = fields.map(() => 0);
  }

  read(scanner: JsonScanner, bytes: Buffer, start: number): Value {
    if (bytes[start] === 110) return scanner.readNull(start);
    if (bytes[start] !== 123) throw new DecodeError('not an object');
    const readers = this.#readers;
    const row = new Array<Value>(readers.length);
    for (let field = 0; field < row.length; field++) row[field] = null;
    const object = ++this.#objects;
    let i = scanner.enter(start, 125);
    for (let place = 0; i >= 0; place++) {
      const field = this.#keys.find(scanner, bytes, i, place);
      i = scanner.skipColon(scanner.next);
      if (field < 0) i = scanner.skipValue(i);
      else {
        if (this.#seen[field] === object) throw new DecodeError('a field stands twice');
        this.#seen[field] = object;
        row[field] = readers[field]!.read(scanner, bytes, i);
        i = scanner.next;
      }
      i = scanner.following(i, 125);
    }
    return row;
  }
}

class ArrayReader implements JsonReader {
  readonly #element: JsonReader;
  readonly #most: number;

  /** Elements behind the first `most` are left out. */
  constructor(element: JsonReader, most: number) {
    this.#element = element;
    this.#most = most;
  }
  read(scanner: JsonScanner, bytes: Buffer, start: number): Value {
    if (bytes[start] === 110) return scanner.readNull(start);
    if (bytes[start] !== 91) throw new DecodeError('not an array');
    const items: Value[] = [];
    let i = scanner.enter(start, 93);
    while (i >= 0) {
      if (items.length < this.#most) {
        items.push(this.#element.read(scanner, bytes, i));
        i = scanner.following(scanner.next, 93);
      } else i = scanner.following(scanner.skipValue(i), 93);
    }
    return items;
  }
}

class MapReader implements JsonReader {
  readonly #value: JsonReader;

  constructor(value: JsonReader) {
    this.#value = value;
  }
  read(scanner: JsonScanner, bytes: Buffer, start: number): Value {
    if (bytes[start] === 110) return scanner.readNull(start);
    if (bytes[start] !== 123) throw new DecodeError('not an object');
    const entries = new Map<string, Value>();
    let i = scanner.enter(start, 125);
    while (i >= 0) {
      if (bytes[i] !== 34) scanner.fail(i);
      const end = scanner.skipString(i);
      const key = scanner.keyText(bytes, i + 1, end - 1);
      entries.set(key, this.#value.read(scanner, bytes, scanner.skipColon(end)));
      i = scanner.following(scanner.next, 125);
    }
    return entries;
  }
}
