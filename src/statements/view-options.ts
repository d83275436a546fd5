import { oneOf, option, optionTable, text } from '../config/option.ts';

const same = <T>(value: T): T => value;

/** What stands in WITH of CREATE FEATURE VIEW, beside what says how its topic is written. */
export const viewOptions = optionTable(
  option({
    name: 'OWNER',
    type: text,
    default: undefined,
    doc: 'Who answers for the view: DESCRIBE and SHOW FEATURE VIEWS tell of it',
    read: same,
  }),
  option({
    name: 'TAGS',
    type: text,
    default: undefined,
    doc: 'Words to find it by, as name=value with commas: DESCRIBE and SHOW FEATURE VIEWS show them',
    read: (value) => value?.split(',').map((tag) => tag.trim()),
  }),
  option({
    name: 'ONLINE_STORE',
    type: oneOf('state', 'redis', 'none'),
    default: 'state',
    doc: 'What serves its newest rows: the state of its query; no other store yet',
    read: same,
  }),
  option({
    name: 'OFFLINE_STORE',
    type: oneOf('none', 'parquet'),
    default: 'none',
    doc: 'What keeps its history: nothing yet',
    read: same,
  }),
  option({
    name: 'EVAL',
    type: oneOf('AT_EVENT', 'AT_READ'),
    default: 'AT_EVENT',
    doc: 'Of what time the features are that are served: of the last event; not of the request yet',
    read: same,
  }),
);

/** The values of options that are obeyed; the others belong to what is not there yet. */
export const servedValues: { readonly [N in 'ONLINE_STORE' | 'OFFLINE_STORE' | 'EVAL']: string } = {
  ONLINE_STORE: 'state',
  OFFLINE_STORE: 'none',
  EVAL: 'AT_EVENT',
};

/** Options of stores, files and backfills that are not there yet: each is refused by name. */
export const laterViewOptions: ReadonlySet<string> = new Set([
  'ONLINE_URL',
  'KEY_PREFIX',
  'ONLINE_LAYOUT',
  'OFFLINE_PATH',
  'ROWS_PER_FILE',
  'ROLL_INTERVAL',
  'FRESHNESS',
  'START_TIME',
]);
