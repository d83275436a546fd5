import { Sorter, type Entry } from '../../files/sorter.ts';
import { keyText } from '../../runtime/change.ts';
import { decodeValue, encodeValue } from '../../runtime/codec.ts';
import type { Row } from '../../types/sql-type.ts';
import { ordered } from '../training/match.ts';
import type { Answer } from './answers.ts';
import type { Place } from './report.ts';

/** The kinds of rows that are compared, in the order in which they stand beside each other. */
export const sides = { online: 0, recomputed: 1, offline: 2 } as const;

/** A row on one of the sides. */
export interface SideRow {
  readonly side: number;
  readonly partition: number;
  /** The offset in the view's topic; of a recomputed row its number. */
  readonly offset: number;
  /** Whether the view may not have given it yet. */
  readonly isPending: boolean;
  readonly event: Place | null;
  readonly file: string | null;
  /** The encoded features; undefined for a deletion. */
  readonly features: Buffer | undefined;
}
/** The rows of an entity, in a window, of one feature time. */
export interface Group {
  readonly entity: Row;
  readonly windowStart: number;
  readonly time: number;
  /** What tells the entity and the window. */
  readonly owner: Buffer;
  readonly rows: readonly SideRow[];
}

/** Sorts the rows of all sides so that those of one entity, window and time stand together, by disk where they are many. */
export class SideRows {
  readonly #sorter: Sorter;

  constructor(folder: string, memory: number) {
    this.#sorter = new Sorter(folder, memory);
  }

  add({ entity, time, windowStart, values }: Answer, row: Omit<SideRow, 'features'>): void {
    const { side, partition, offset, isPending, event, file } = row;
    const text = Buffer.from(keyText(entity));
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32BE(text.length);
    const key = Buffer.concat([
      length,
      text,
      ordered(windowStart),
      ordered(time),
      Buffer.from([side]),
      ordered(partition),
      ordered(offset),
    ]);
    const place = event === null ? null : [event.topic, event.partition, event.offset];
    const features = values === undefined ? null : encodeValue(values);
    this.#sorter.add(
      key,
      encodeValue([entity, windowStart, time, partition, offset, isPending, place, file, features]),
    );
  }

  *groups(): Iterable<Group> {
    let group: (Group & { rows: SideRow[] }) | undefined;
    let prefix = Buffer.alloc(0);
    for (const entry of this.#sorter.sorted()) {
      const ownerLength = 4 + entry.key.readUInt32BE(0) + 8;
      const own = entry.key.subarray(0, ownerLength + 8);
      if (group === undefined || !own.equals(prefix)) {
        if (group !== undefined) yield group;
        prefix = Buffer.from(own);
        const [entity, windowStart, time] = decodeValue(entry.value) as [Row, number, number];
        group = { entity, windowStart, time, owner: prefix.subarray(0, ownerLength), rows: [] };
      }
      group.rows.push(rowOf(entry, entry.key[ownerLength + 8]!));
    }
    if (group !== undefined) yield group;
  }

  clear(): void {
    this.#sorter.clear();
  }
}

function rowOf({ value }: Entry, side: number): SideRow {
  type Stored = [
    unknown,
    number,
    number,
    number,
    number,
    boolean,
    [string, number, number] | null,
    string | null,
    Buffer | null,
  ];
  const [, , , partition, offset, isPending, place, file, features] = decodeValue(value) as Stored;
  return {
    side,
    partition,
    offset,
    isPending,
    event: place && { topic: place[0], partition: place[1], offset: place[2] },
    file,
    features: features ?? undefined,
  };
}
