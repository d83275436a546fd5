import type { OnlineSpec } from '../../specs/exports.ts';
import type { Row, SqlType } from '../../types/sql-type.ts';

export type { OnlineSpec };

export interface OnlineColumn {
  readonly name: string;
  readonly type: SqlType;
}

/** A row of an entity as it is written to a store; without `row` the entity is gone. */
export interface EntityWrite {
  readonly key: Row;
  readonly row: Row | undefined;
  /** The event time. */
  readonly time: number;
  readonly windowStart: number | undefined;
  readonly offset: number;
}
/** A row of an entity as a store has it. */
export interface EntityRead {
  readonly row: Row;
  readonly time: number;
}

/**
 * Keeps the newest row of each entity outside of the engine. A row that is older than the stored one changes nothing, so that
 * writing rows again, in whatever pieces, ends in the same.
 */
export interface OnlineStore {
  /** Rejects when the store cannot be used. */
  check(): Promise<void>;
  /** Resolves when all rows are stored; rejects with a `StoreFailure`. Rows of one entity are in order. */
  write(rows: readonly EntityWrite[]): Promise<void>;
  /** The row of each entity, in order; undefined where there is none. */
  read(keys: readonly Row[]): Promise<readonly (EntityRead | undefined)[]>;
  /** Removes entities, whatever is newer. */
  erase(keys: readonly Row[]): Promise<void>;
}

/** The stores that a node reaches; connections are shared and made at first use. */
export interface OnlineStores {
  open(spec: OnlineSpec, columns: readonly OnlineColumn[]): OnlineStore;
  close(): Promise<void>;
}

/** A store does not answer, or refuses: what is written to it waits until it does. */
export class StoreFailure extends Error {
  override readonly name = 'StoreFailure';
  readonly retriable = true;
}
