import type { FilesSpec } from './files.ts';
import type { RowOrder } from './row-order.ts';

/** Where a source's rows are kept by entity, for reads from outside. Plain JSON, as plans store it; secrets are in it by name only. */
export interface OnlineSpec {
  readonly store: 'redis' | 'dynamodb';
  readonly url: string;
  /** The name of the secret that is its password. */
  readonly secret?: string | undefined;
  /** How an entity is laid out in Redis: a hash of texts, or as Feast reads it. */
  readonly layout: 'plain' | 'feast';
  /** What stands before the entity in a key; Feast's project. */
  readonly prefix: string;
  /** The view's name, as Feast knows it. */
  readonly view: string;
  /** The columns of the entity. */
  readonly key: readonly string[];
  /** The column of the event time; undefined for the time of the row. */
  readonly time?: string | undefined;
  readonly ttlMs?: number | undefined;
  /** What decides which of two rows of an entity is the newer one. */
  readonly order: RowOrder;
  /** Tells the rows of a source from those of an earlier one of its name. */
  readonly version: number;
  /** Whether the store must answer when the statement is executed. */
  readonly validates: boolean;
}

/** Where the rows of a stream are sent by HTTP. */
export interface WebhookSpec {
  readonly url: string;
  /** The name of the secret that is its bearer token. */
  readonly secret?: string | undefined;
  readonly batchSize: number;
  readonly timeoutMs: number;
}

/** Where the rows of a source go besides its topic: one of these. */
export interface ExportSpec {
  readonly files?: FilesSpec | undefined;
  readonly online?: OnlineSpec | undefined;
  readonly webhook?: WebhookSpec | undefined;
}
export type ExportKind = keyof ExportSpec;

/** The kind of an export. */
export const exportKind = ({ files, online }: ExportSpec): ExportKind =>
  files !== undefined ? 'files' : online !== undefined ? 'online' : 'webhook';

/** Where an export goes, as SHOW QUERIES says it. */
export const exportTarget = ({ files, online, webhook }: ExportSpec): string =>
  files?.path ?? (online === undefined ? webhook!.url : `${online.url} ${online.prefix}`);

/** The export of a plan that has one. */
export const exportIn = ({ files, online, webhook }: ExportSpec): ExportSpec =>
  files !== undefined ? { files } : online !== undefined ? { online } : { webhook };
