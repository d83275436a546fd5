import { address, bool, oneOf, option, optionTable, Refused, text, whole, type OptionType } from './option.ts';

const same = (value: string): string => value;

const listener: OptionType<string> = {
  name: 'an address',
  parse(given) {
    const listeners = typeof given === 'string' ? given.split(',').map((each) => each.trim()) : [];
    if (listeners.some((each) => /^https:/i.test(each)))
      return new Refused('TLS is not supported: only http:// listens');
    return /^http:\/\/[^/:\s]+(:\d+)?\/?$|^http:\/\/\[[0-9a-fA-F:]+\](:\d+)?$/.test(listeners[0] ?? '')
      ? listeners[0]!
      : new Refused('it must be an address such as http://127.0.0.1:8088');
  },
};

/** What one node is started with, beside the defaults of its sessions. */
export const serverOptions = optionTable(
  option({
    name: 'bootstrap.servers',
    type: text,
    default: '',
    doc: 'Kafka brokers; without them the embedded log is used',
    read: (value) => value.split(',').flatMap((broker) => broker.trim() || []),
  }),
  option({
    name: 'ksql.service.id',
    type: text,
    default: 'default_',
    doc: 'The name of the cluster that this node is part of: it begins the names of its topics and groups',
    read: same,
  }),
  option({
    name: 'listeners',
    type: listener,
    default: 'http://127.0.0.1:8088',
    doc: 'Where REST listens: one address, http only',
    read: (value) => {
      const url = new URL(value);
      return { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? 8088 : Number(url.port) };
    },
  }),
  option({
    name: 'state.dir',
    type: text,
    default: './.millrace',
    doc: 'The folder of the state',
    read: same,
  }),
  option({
    name: 'state.sync',
    type: bool,
    default: 'false',
    doc: 'Whether every commit of the embedded log waits for the disk',
    read: (value) => value,
  }),
  option({
    name: 'ksql.schema.registry.url',
    type: address('http://127.0.0.1:8081'),
    default: '',
    doc: 'The schema registry; without it the node keeps schemas itself',
    read: (value) => value || undefined,
  }),
  option({
    name: 'ksql.connect.url',
    type: address('http://127.0.0.1:8083'),
    default: '',
    doc: 'Kafka Connect, for the statements about connectors',
    read: (value) => value || undefined,
  }),
  option({
    name: 'ksql.queries.file',
    type: text,
    default: '',
    doc: 'Runs this file headless: REST answers and changes nothing',
    read: (value) => value || undefined,
  }),
  option({
    name: 'ksql.extension.dir',
    type: text,
    default: 'ext',
    doc: 'The folder of user functions',
    read: same,
  }),
  option({
    name: 'ksql.functions.timeout.ms',
    type: whole(1),
    default: '1000',
    doc: 'How long one call of a user function may take',
    read: (value) => value,
  }),
  option({
    name: 'ksql.streams.num.stream.threads',
    type: whole(1),
    default: '2',
    doc: 'Worker threads that run tasks on Kafka, for all queries of the node',
    read: (value) => value,
  }),
  option({
    name: 'ksql.internal.topic.replicas',
    type: whole(1),
    default: '1',
    doc: 'Replicas on Kafka of internal topics, and of those that say no number',
    read: (value) => value,
  }),
  option({
    name: 'security.protocol',
    type: oneOf('PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'),
    default: 'PLAINTEXT',
    doc: 'How brokers are reached',
    read: (value) => ({ isTls: value.endsWith('SSL'), isSasl: value.startsWith('SASL') }),
  }),
  option({
    name: 'sasl.mechanism',
    type: oneOf('PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'),
    default: 'PLAIN',
    doc: 'How a user of SASL shows the password',
    read: (value) => value.toLowerCase(),
  }),
  option({ name: 'sasl.username', type: text, default: '', doc: 'The user of SASL', read: same }),
  option({ name: 'sasl.password', type: text, default: '', doc: 'The password of SASL', read: same, secret: true }),
  option({
    name: 'ssl.ca.location',
    type: text,
    default: '',
    doc: 'A PEM file of certificate authorities',
    read: (value) => value || undefined,
  }),
  option({
    name: 'ssl.certificate.location',
    type: text,
    default: '',
    doc: 'A PEM file of the client certificate',
    read: (value) => value || undefined,
  }),
  option({
    name: 'ssl.key.location',
    type: text,
    default: '',
    doc: 'A PEM file of the client key',
    read: (value) => value || undefined,
  }),
);
