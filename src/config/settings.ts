import { existsSync, readFileSync } from 'node:fs';
import { noSpan } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { closest } from '../util/closest.ts';

interface Setting {
  readonly doc: string;
  readonly fallback: string;
  readonly check?: (value: string) => string | undefined;
}

const oneOf =
  (...values: string[]) =>
  (value: string): string | undefined =>
    values.includes(value) ? undefined : `it must be one of ${values.join(', ')}`;
const whole =
  (minimum: number) =>
  (value: string): string | undefined =>
    /^-?\d+$/.test(value) && Number(value) >= minimum ? undefined : `it must be a whole number of at least ${minimum}`;
const listener = (value: string): string | undefined =>
  /^https?:\/\/[^/:\s]+(:\d+)?\/?$|^http:\/\/\[[0-9a-fA-F:]+\](:\d+)?$/.test(value)
    ? undefined
    : 'it must be an address such as http://127.0.0.1:8088';

/** Every server setting: ksqlDB's name where it has one. */
export const settings: Readonly<Record<string, Setting>> = {
  'bootstrap.servers': { doc: 'Kafka brokers; without them the embedded log is used', fallback: '' },
  'ksql.schema.registry.url': {
    doc: 'The schema registry; without it the node keeps schemas itself',
    fallback: '',
    check: (value) =>
      value === '' || URL.canParse(value) ? undefined : 'it must be an address such as http://127.0.0.1:8081',
  },
  'ksql.connect.url': {
    doc: 'Kafka Connect, for the statements about connectors',
    fallback: '',
    check: (value) =>
      value === '' || URL.canParse(value) ? undefined : 'it must be an address such as http://127.0.0.1:8083',
  },
  'ksql.service.id': { doc: 'The name of the cluster that this node is part of', fallback: 'default_' },
  listeners: { doc: 'Where REST listens', fallback: 'http://127.0.0.1:8088', check: listener },
  'state.dir': { doc: 'The folder of the state', fallback: './.millrace' },
  'state.sync': {
    doc: 'Wait for the disk at every commit of the embedded log',
    fallback: 'false',
    check: oneOf('true', 'false'),
  },
  'ksql.streams.num.stream.threads': { doc: 'Worker threads that run tasks on Kafka', fallback: '2', check: whole(1) },
  'processing.guarantee': {
    doc: 'at_least_once or exactly_once_v2',
    fallback: 'at_least_once',
    check: oneOf('at_least_once', 'exactly_once_v2'),
  },
  'commit.interval.ms': {
    doc: 'How often a task on Kafka commits; 1000, under exactly once 100',
    fallback: '',
    check: (value) => (value === '' ? undefined : whole(1)(value)),
  },
  'cache.max.bytes.buffering': {
    doc: 'Above 0 only the last change of a key in a micro-batch is sent',
    fallback: '10000000',
    check: whole(0),
  },
  'auto.offset.reset': {
    doc: 'Where a query without offsets starts',
    fallback: 'latest',
    check: oneOf('earliest', 'latest'),
  },
  'max.task.idle.ms': { doc: 'How long a join waits for an empty input', fallback: '0', check: whole(0) },
  'ksql.idle.timeout.ms': {
    doc: 'After so long without input EMIT FINAL and outer joins send what waits for stream time; 0 for never',
    fallback: '0',
    check: whole(0),
  },
  'ksql.extension.dir': { doc: 'The folder of user functions', fallback: 'ext' },
  'ksql.functions.timeout.ms': {
    doc: 'How long one call of a user function may take',
    fallback: '1000',
    check: whole(1),
  },
  'ksql.queries.file': { doc: 'Run this file headless', fallback: '' },
  'ksql.max.push.queries': { doc: 'Push queries that may run at once', fallback: '100', check: whole(0) },
  'ksql.internal.topic.replicas': { doc: 'Replicas of internal topics on Kafka', fallback: '1', check: whole(1) },
  'security.protocol': {
    doc: 'How brokers are reached',
    fallback: 'PLAINTEXT',
    check: oneOf('PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'),
  },
  'sasl.mechanism': {
    doc: 'PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512',
    fallback: '',
    check: oneOf('', 'PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'),
  },
  'sasl.username': { doc: 'The user of SASL', fallback: '' },
  'sasl.password': { doc: 'The password of SASL', fallback: '' },
  'ssl.ca.location': { doc: 'A PEM file of certificate authorities', fallback: '' },
  'ssl.certificate.location': { doc: 'A PEM file of the client certificate', fallback: '' },
  'ssl.key.location': { doc: 'A PEM file of the client key', fallback: '' },
};

/** Names that ksqlDB and Kafka Streams users write for ours. */
const aliases: Readonly<Record<string, string>> = {
  'ksql.bootstrap.servers': 'bootstrap.servers',
  'ksql.listeners': 'listeners',
  'ksql.streams.state.dir': 'state.dir',
  'num.stream.threads': 'ksql.streams.num.stream.threads',
};

function canonicalName(name: string): string {
  const bare = aliases[name] ?? name;
  if (Object.hasOwn(settings, bare)) return bare;
  const stripped = bare.replace(/^ksql\.streams\./, '');
  return Object.hasOwn(settings, stripped) ? stripped : bare;
}

/** `MILLRACE_STATE_DIR` and ksqlDB's `KSQL_BOOTSTRAP_SERVERS` name settings in the environment. */
function fromEnvironment(environment: NodeJS.ProcessEnv): Map<string, string> {
  const found = new Map<string, string>();
  for (const prefix of ['KSQL_', 'MILLRACE_']) {
    for (const [key, value] of Object.entries(environment)) {
      if (!key.startsWith(prefix) || value === undefined) continue;
      const dotted = key.slice(prefix.length).toLowerCase().replaceAll('_', '.');
      const name = [dotted, `ksql.${dotted}`].map(canonicalName).find((each) => Object.hasOwn(settings, each));
      if (name !== undefined) found.set(name, value);
    }
  }
  return found;
}

function fromFile(path: string): Map<string, string> {
  if (!existsSync(path))
    throw new SqlError('INVALID_SETTING', noSpan, { name: 'config', value: path, why: 'the file does not exist' });
  const found = new Map<string, string>();
  for (const line of readFileSync(path, 'utf8').split(/\r?\n/)) {
    const match = /^\s*([^#!=:\s][^=:\s]*)\s*[=:]\s*(.*?)\s*$/.exec(line);
    if (match !== null) found.set(match[1]!, match[2]!);
  }
  return found;
}

export type Settings = Readonly<Record<string, string>>;

/** Flags over environment over file over defaults; each is checked, and an unknown name is refused with the nearest one. */
export function readSettings(
  flags: Readonly<Record<string, string>>,
  environment: NodeJS.ProcessEnv,
  file: string | undefined,
): Settings {
  const result: Record<string, string> = {};
  for (const [name, { fallback }] of Object.entries(settings)) result[name] = fallback;
  const layers = [
    file === undefined ? new Map<string, string>() : fromFile(file),
    fromEnvironment(environment),
    new Map(Object.entries(flags)),
  ];
  for (const layer of layers) {
    for (const [written, value] of layer) {
      const name = canonicalName(written);
      const setting = settings[name];
      if (setting === undefined) {
        // Session properties of ksqlDB may stand in a server's file; they become the sessions' defaults.
        if (written.startsWith('ksql.')) result[written] = value;
        else
          throw new SqlError('UNKNOWN_SETTING', noSpan, {
            name: written,
            suggestion: closest(written, Object.keys(settings)),
          });
        continue;
      }
      const why = setting.check?.(value);
      if (why !== undefined)
        throw new SqlError('INVALID_SETTING', noSpan, {
          name,
          value: name.includes('password') ? '[hidden]' : value,
          why,
        });
      result[name] = value;
    }
  }
  return result;
}

/** The host and port of the first listener. */
export function listenAddress(settings: Settings): { host: string; port: number } {
  const url = new URL(settings['listeners']!.split(',')[0]!);
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? 8088 : Number(url.port) };
}
