import type { QueryStream } from '../../engine/client-rows.ts';
import type { Value } from '../../types/sql-type.ts';
import type { CatalogAnswer } from './catalog-database.ts';
import { cstring, int16, int32 } from './messages.ts';
import { pgTypeOf } from './types.ts';

/** Rows that are read as a client asks for them. */
export interface Portal {
  /** The body of RowDescription; undefined where there are no rows. */
  readonly description: Buffer | undefined;
  /** The bodies of notices that came with it. */
  readonly notices: readonly Buffer[];
  /** Bodies of DataRow as they come, at most so many; undefined behind the last. */
  next(most: number): Promise<readonly Buffer[] | undefined>;
  /** What the client is told at the end. */
  tag(sent: number): string;
  /** Ends what it waits for. */
  cancel(): void;
  close(): void;
}

const formatOf = (formats: readonly number[], column: number): number =>
  formats.length === 1 ? formats[0]! : (formats[column] ?? 0);

/** What a query of Millrace gives, in the forms that the client asks for. */
export function describe(columns: QueryStream['columns'], formats: readonly number[]): Buffer {
  const fields = columns.flatMap(({ name, type }, i) => {
    const { oid, size, modifier } = pgTypeOf(type);
    return [cstring(name), int32(0), int16(0), int32(oid), int16(size), int32(modifier), int16(formatOf(formats, i))];
  });
  return Buffer.concat([int16(columns.length), ...fields]);
}

function rowEncoder(columns: QueryStream['columns'], formats: readonly number[]): (row: readonly Value[]) => Buffer {
  const encoders = columns.map(({ type }, i) => {
    const { text, binary } = pgTypeOf(type);
    return formatOf(formats, i) === 1 ? binary : (value: Exclude<Value, null>) => Buffer.from(text(value), 'utf8');
  });
  const count = int16(columns.length);
  const none = int32(-1);
  return (row) => {
    const parts: Buffer[] = [count];
    for (let i = 0; i < encoders.length; i++) {
      const value = row[i]!;
      if (value === null) parts.push(none);
      else {
        const bytes = encoders[i]!(value);
        parts.push(int32(bytes.length), bytes);
      }
    }
    return Buffer.concat(parts);
  };
}

/** The rows of a query of Millrace. A tombstone is no row. */
export class QueryPortal implements Portal {
  readonly description: Buffer;
  readonly notices = [];
  readonly #query: QueryStream;
  readonly #rows: AsyncIterator<QueryStream extends { rows(): AsyncIterable<infer R> } ? R : never>;
  readonly #encode: (row: readonly Value[]) => Buffer;
  readonly #checkRows: (count: number) => void;
  readonly #onEnd: () => void;
  #pending: readonly Buffer[] = [];
  #count = 0;
  #ended = false;

  constructor(
    query: QueryStream,
    formats: readonly number[],
    { checkRows, onEnd }: { readonly checkRows: (count: number) => void; readonly onEnd: () => void },
  ) {
    this.#query = query;
    this.description = describe(query.columns, formats);
    this.#rows = query.rows()[Symbol.asyncIterator]();
    this.#encode = rowEncoder(query.columns, formats);
    this.#checkRows = checkRows;
    this.#onEnd = onEnd;
  }

  async next(most: number): Promise<readonly Buffer[] | undefined> {
    if (this.#pending.length === 0) {
      const batch = await this.#rows.next();
      if (batch.done === true) {
        this.close();
        return undefined;
      }
      const rows = batch.value.filter(({ tombstone }) => !tombstone);
      this.#count += rows.length;
      this.#checkRows(this.#count);
      this.#pending = rows.map(({ values }) => this.#encode(values));
    }
    const rows = this.#pending.slice(0, most);
    this.#pending = this.#pending.slice(rows.length);
    return rows;
  }
  tag(sent: number): string {
    return `SELECT ${sent}`;
  }
  cancel(): void {
    this.close();
  }
  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#query.close();
    // A generator that was not begun runs none of its code: what it holds is given back by closing the query.
    void this.#rows.return?.();
    this.#onEnd();
  }
}

/** Rows that are there. */
export class AnswerPortal implements Portal {
  readonly description: Buffer | undefined;
  readonly notices: readonly Buffer[];
  readonly #tag: string;
  #rows: readonly Buffer[];

  constructor({ description, rows, tag, notices }: Omit<CatalogAnswer, 'parameterTypes' | 'isInTransaction'>) {
    this.description = description;
    this.notices = notices;
    this.#rows = rows;
    this.#tag = tag;
  }
  next(most: number): Promise<readonly Buffer[] | undefined> {
    const rows = this.#rows.slice(0, most);
    this.#rows = this.#rows.slice(rows.length);
    return Promise.resolve(rows.length === 0 ? undefined : rows);
  }
  tag(): string {
    return this.#tag;
  }
  cancel(): void {
    this.close();
  }
  /** Nothing to give back. */
  close(): void {
    this.#rows = [];
  }
}

/** A statement without rows. */
export const done = (tag: string): Portal => new AnswerPortal({ description: undefined, rows: [], tag, notices: [] });

/** So many rows of a cursor. */
export class FetchPortal implements Portal {
  readonly description: Buffer | undefined;
  readonly notices = [];
  readonly #cursor: Portal;
  readonly #isMove: boolean;
  #left: number;
  #passed = 0;

  constructor(cursor: Portal, count: number, isMove: boolean) {
    this.#cursor = cursor;
    this.#left = count;
    this.#isMove = isMove;
    this.description = isMove ? undefined : cursor.description;
  }
  async next(most: number): Promise<readonly Buffer[] | undefined> {
    if (this.#left <= 0) return undefined;
    const rows = await this.#cursor.next(Math.min(most, this.#left));
    if (rows === undefined) {
      this.#left = 0;
      return undefined;
    }
    this.#left -= rows.length;
    this.#passed += rows.length;
    return this.#isMove ? [] : rows;
  }
  tag(sent: number): string {
    return this.#isMove ? `MOVE ${this.#passed}` : `FETCH ${sent}`;
  }
  /** A client that gives up waiting ends the cursor's query. */
  cancel(): void {
    this.#cursor.cancel();
  }
  /** The cursor stays open. */
  close(): void {
    this.#left = 0;
  }
}
