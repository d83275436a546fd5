import type { PropertiesOf } from '../bind/properties.ts';
import { duration, folder, oneOf, option, text, whole } from '../config/option.ts';
import { noSpan } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { ExportSpec, OnlineSpec } from '../specs/exports.ts';
import { rowOrder } from '../specs/row-order.ts';
import type { SourceSpec } from '../specs/source.ts';
import { keyColumns } from '../types/schema.ts';
import { whyNotOutbound } from '../util/outbound.ts';
import { isSecretName } from '../util/secrets.ts';
import { fileSizes, type fileSizeOptions } from './file-options.ts';

const same = <T>(value: T): T => value;

/** A secret of the server's settings, by name. */
export const secret = <const N extends string>(name: N, doc: string) =>
  option({
    name,
    type: text,
    default: undefined,
    doc: `${doc}: 'secret:name', of those that the server's settings list as millrace.secrets.name`,
    validate: (value) =>
      isSecretName(value) ? undefined : "it must be 'secret:name', of the settings millrace.secrets.name",
    read: same,
    secret: true,
  });

/** How the rows of a store are written, for streams and views alike. */
export const onlineOptions = [
  option({
    name: 'KEY_PREFIX',
    type: text,
    default: undefined,
    doc: "What stands before the entity in a store's keys; 'features:' and the name without it",
    read: same,
  }),
  option({
    name: 'VALIDATE',
    type: oneOf('ON', 'OFF'),
    default: 'ON',
    doc: 'Whether a store or server is asked when the statement is executed, and must answer',
    read: (value) => value === 'ON',
  }),
] as const;

/** Where the rows of a stream or table go besides its topic. */
export const sinkTargetOptions = [
  option({
    name: 'SINK',
    type: oneOf('parquet', 'redis', 'dynamodb', 'webhook'),
    default: undefined,
    doc: 'Where its rows go besides the topic: into Parquet files, to Redis or DynamoDB by key, or to a server by HTTP',
    read: same,
  }),
  option({
    name: 'PATH',
    type: folder,
    default: undefined,
    doc: "The folder of the files of SINK='parquet', on every node the same",
    read: same,
  }),
  option({
    name: 'URL',
    type: text,
    default: undefined,
    doc: "Where the store or server of the SINK is, such as 'redis://host:6379', 'dynamodb://table' or 'https://host/path'",
    read: same,
  }),
  secret('PASSWORD', "The password of SINK='redis'"),
  secret('AUTH_TOKEN', "The bearer token of SINK='webhook'"),
  option({
    name: 'EXPIRE_AFTER',
    type: duration('48 HOURS'),
    default: undefined,
    doc: "How long after its event time a row of SINK='redis' or 'dynamodb' expires",
    read: same,
  }),
  option({
    name: 'BATCH_SIZE',
    type: whole(1, 10_000),
    default: '100',
    doc: "How many rows SINK='webhook' sends in one request at most",
    read: same,
  }),
  option({
    name: 'TIMEOUT',
    type: duration('10 SECONDS'),
    default: '10 SECONDS',
    doc: "How long a request of SINK='webhook' may take",
    read: same,
  }),
  ...onlineOptions,
] as const;

type SinkTargetOption = (typeof fileSizeOptions)[number] | (typeof sinkTargetOptions)[number];
type SinkName = NonNullable<ReturnType<(typeof sinkTargetOptions)[0]['read']>>;

/** What each SINK takes. */
const taken: { readonly [S in SinkName]: readonly SinkTargetOption['name'][] } = {
  parquet: ['PATH', 'ROWS_PER_FILE', 'ROLL_INTERVAL'],
  redis: ['URL', 'PASSWORD', 'KEY_PREFIX', 'EXPIRE_AFTER', 'VALIDATE'],
  dynamodb: ['URL', 'KEY_PREFIX', 'EXPIRE_AFTER', 'VALIDATE'],
  webhook: ['URL', 'AUTH_TOKEN', 'BATCH_SIZE', 'TIMEOUT'],
};

/** Where a source's WITH clause says that its rows go besides its topic. */
export function exportsOf(properties: PropertiesOf<SinkTargetOption>, spec: SourceSpec): readonly ExportSpec[] {
  const sink = properties.read('SINK');
  const all = [...new Set(Object.values(taken).flat())];
  for (const name of all) {
    if (!properties.has(name) || (sink !== undefined && taken[sink].includes(name))) continue;
    const takers = (Object.keys(taken) as SinkName[]).filter((other) => taken[other].includes(name));
    properties.refuse(name, `it is for ${takers.map((other) => `SINK='${other}'`).join(' and ')}`);
  }
  switch (sink) {
    case undefined:
      return [];
    case 'parquet': {
      const path = properties.read('PATH') ?? properties.refuse('SINK', "it needs PATH='…'");
      return [{ files: { path, ...fileSizes(properties), time: undefined } }];
    }
    case 'webhook': {
      const url = urlOf(properties, 'URL', 'SINK', 'webhook');
      return [
        {
          webhook: {
            url,
            secret: properties.read('AUTH_TOKEN'),
            batchSize: properties.read('BATCH_SIZE'),
            timeoutMs: properties.read('TIMEOUT'),
          },
        },
      ];
    }
    case 'redis':
    case 'dynamodb': {
      const key = keyColumns(spec.schema).map(({ name }) => name);
      if (key.length === 0)
        properties.refuse('SINK', 'its rows are kept by key, and this source has none: PARTITION BY gives it one');
      return [
        {
          online: {
            store: sink,
            url: urlOf(properties, 'URL', 'SINK', sink),
            secret: properties.read('PASSWORD'),
            layout: 'plain',
            prefix: properties.read('KEY_PREFIX') ?? `features:${spec.name}:`,
            view: spec.name,
            key,
            ttlMs: properties.read('EXPIRE_AFTER'),
            order: rowOrder(spec),
            version: 0,
            validates: properties.read('VALIDATE'),
          },
        },
      ];
    }
  }
}

/** Why an address is none for a store or server; undefined when it is one. */
const whyNot: { readonly [S in OnlineSpec['store'] | 'webhook']: (url: string) => string | undefined } = {
  redis: (url) => whyNotOutbound(url, ['redis:', 'rediss:']),
  // Whom it calls is the operator's: the settings say where DynamoDB is.
  dynamodb: (url) =>
    /^dynamodb:\/\/[A-Za-z0-9_.-]{3,255}$/.test(url)
      ? undefined
      : "it must name a table, such as 'dynamodb://features'",
  webhook: (url) => whyNotOutbound(url, ['http:', 'https:']),
};

/** An address that may be called and holds no password, which a statement would show to everyone. */
export function urlOf<N extends string>(
  properties: {
    read(name: N): unknown;
    refuse(name: N, why: string): never;
  },
  name: N,
  asked: N,
  what: keyof typeof whyNot,
): string {
  const url = properties.read(name);
  if (typeof url !== 'string') return properties.refuse(asked, `it needs ${name}='…'`);
  if (URL.canParse(url) && new URL(url).password !== '')
    throw new SqlError('INVALID_PROPERTY_VALUE', noSpan, {
      name,
      value: '[hidden]',
      why: "a password is a secret of the server's settings, and is named in an option of its own",
    });
  const why = whyNot[what](url);
  if (why !== undefined) properties.refuse(name, why);
  return url;
}
