import { secret } from '../analysis/export-options.ts';
import type { PropertiesOf } from '../bind/properties.ts';
import { duration, folder, oneOf, option, optionTable, text } from '../config/option.ts';

const same = <T>(value: T): T => value;

/** What the catalogue tells of a feature view or service. */
export const catalogueOptions = [
  option({
    name: 'OWNER',
    type: text,
    default: undefined,
    doc: 'Who answers for it: DESCRIBE and SHOW tell of it',
    read: same,
  }),
  option({
    name: 'TAGS',
    type: text,
    default: undefined,
    doc: 'Words to find it by, as name=value with commas: DESCRIBE and SHOW show them',
    read: (value) => value?.split(',').map((tag) => tag.trim()),
  }),
] as const;

/** What the catalogue tells of a view, from its options. */
export function catalogued(properties: Pick<PropertiesOf<CatalogueOption>, 'read'>): Record<string, string> {
  const owner = properties.read('OWNER');
  const tags = properties.read('TAGS');
  return {
    ...(owner === undefined ? {} : { OWNER: owner }),
    ...(tags === undefined ? {} : { TAGS: tags.join(', ') }),
  };
}
type CatalogueOption = (typeof catalogueOptions)[number];

const freshness = option({
  name: 'FRESHNESS',
  type: duration('1 MINUTE'),
  default: undefined,
  doc: 'How long after it was in its source an event should be in the view: its queries commit at least twice in it, and DESCRIBE, SHOW and /metrics tell the lag',
  validate: (value) => (value > 0 ? undefined : 'it must be longer than nothing'),
  read: same,
});

/** What ALTER FEATURE VIEW sets. */
export const alterableOptions = [
  option({
    name: 'TTL',
    type: duration('48 HOURS'),
    default: undefined,
    doc: 'How old a row may be that is served; of what is in a store already, rows that are written from now on',
    validate: (value) => (value > 0 ? undefined : 'it must be longer than nothing'),
    read: same,
  }),
  option({
    name: 'COMMENT',
    type: text,
    default: undefined,
    doc: 'What the view is for',
    read: same,
  }),
  ...catalogueOptions,
  freshness,
] as const;

/** Options in the WITH clause of CREATE FEATURE VIEW, beside those of its topic. */
export const viewOptions = optionTable(
  ...catalogueOptions,
  freshness,
  option({
    name: 'ONLINE_STORE',
    type: oneOf('state', 'redis', 'dynamodb', 'none'),
    default: 'state',
    doc: 'What serves its newest rows: the state of its query, Redis or DynamoDB; with none they are read from its topic only',
    read: same,
  }),
  option({
    name: 'ONLINE_URL',
    type: text,
    default: undefined,
    doc: "Where the ONLINE_STORE is, such as 'redis://host:6379' or 'dynamodb://table'",
    read: same,
  }),
  secret('ONLINE_PASSWORD', "The password of ONLINE_STORE='redis'"),
  option({
    name: 'ONLINE_LAYOUT',
    type: oneOf('plain', 'feast'),
    default: 'plain',
    doc: 'How an entity stands in Redis: a hash of texts under KEY_PREFIX and the entity, or as Feast reads it, in the project KEY_PREFIX',
    read: same,
  }),
  option({
    name: 'OFFLINE_STORE',
    type: oneOf('none', 'parquet'),
    default: 'none',
    doc: 'What keeps its history: Parquet files in OFFLINE_PATH, or only its topic',
    read: same,
  }),
  option({
    name: 'OFFLINE_PATH',
    type: folder,
    default: undefined,
    doc: 'The folder of its Parquet files, on every node the same',
    read: same,
  }),
  option({
    name: 'START_TIME',
    type: oneOf('earliest', 'latest'),
    default: undefined,
    doc: 'Where it begins to read its streams: with all that they have, or with what comes; without it as `auto.offset.reset` says',
    read: same,
  }),
  option({
    name: 'EVAL',
    type: oneOf('AT_EVENT', 'AT_READ'),
    default: 'AT_EVENT',
    doc: "Of what time features are that are served: of the entity's last event, or of the read, when frames of time have moved on",
    read: same,
  }),
);
