import { accessOptions } from './access-options.ts';
import { awsOptions } from './aws-options.ts';
import { brokerOptions } from './broker-options.ts';
import { logOptions } from './log-options.ts';
import { mlflowOptions } from './mlflow-options.ts';
import { outboundOptions } from './outbound-options.ts';
import { address, bool, option, optionTable, Refused, text, whole, type OptionType } from './option.ts';

const same = (value: string): string => value;

const listener: OptionType<string> = {
  name: 'an address',
  parse(given) {
    const listeners = typeof given === 'string' ? given.split(',').map((listener) => listener.trim()) : [];
    if (listeners.length > 1) return new Refused('a node listens on one address');
    return /^https?:\/\/[^/:\s]+(:\d+)?\/?$|^https?:\/\/\[[0-9a-fA-F:]+\](:\d+)?$/i.test(listeners[0] ?? '')
      ? listeners[0]!
      : new Refused('it must be an address such as http://127.0.0.1:8088');
  },
};

/** Where PostgreSQL's protocol is served: a port, on loopback, or a host and a port. */
const postgresListener: OptionType<string> = {
  name: 'an address',
  parse: (given) =>
    typeof given === 'string' && /^((postgres(ql)?:\/\/)?([^/:\s]+|\[[0-9a-fA-F:]+\]):)?\d+\/?$|^$/.test(given)
      ? given
      : new Refused('it must be a port, such as 5432 on 127.0.0.1, or an address such as postgres://0.0.0.0:5432'),
};

/** Settings of a node; the defaults of its sessions come from `sessionOptions`. */
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
    doc: 'Where REST listens: one address, http:// or https://',
    read: (value) => {
      const url = new URL(value);
      // A URL leaves out the port that its scheme has anyway.
      const port = /:(\d+)\/?$/.exec(value)?.[1];
      return {
        host: url.hostname.replace(/^\[|\]$/g, ''),
        port: port === undefined ? 8088 : Number(port),
        isTls: url.protocol === 'https:',
      };
    },
  }),
  option({
    name: 'postgres.listener',
    type: postgresListener,
    default: '',
    doc: 'Where PostgreSQL clients may read: a port of loopback, or postgres://host:port; by default nowhere',
    read: (value) => {
      const match = /^(?:(?:postgres(?:ql)?:\/\/)?(.+):)?(\d+)\/?$/.exec(value);
      return match === null
        ? undefined
        : { host: (match[1] ?? '127.0.0.1').replace(/^\[|\]$/g, ''), port: Number(match[2]) };
    },
  }),
  option({
    name: 'ksql.advertised.listener',
    type: address('http://10.0.0.4:8088'),
    default: '',
    doc: 'Where the other nodes of the cluster reach this one; by default where it listens',
    read: (value) => value.replace(/\/$/, '') || undefined,
  }),
  option({
    name: 'ksql.query.pull.forwarding.timeout.ms',
    type: whole(1),
    default: '2000',
    doc: 'How long a pull query waits for another node, or for tasks that are on their way to one',
    read: (value) => value,
  }),
  option({
    name: 'ksql.query.pull.enable.standby.reads',
    type: bool,
    default: 'false',
    doc: 'Whether standby tasks answer pull queries for a node that does not answer',
    read: (value) => value,
  }),
  option({
    name: 'ksql.streams.num.standby.replicas',
    type: whole(0),
    default: '0',
    doc: 'How many nodes beside the one that runs a task keep a copy of its state',
    read: (value) => value,
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
  ...logOptions,
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
    doc: 'The folder of modules that define functions, and providers and transforms of models',
    read: same,
  }),
  option({
    name: 'ksql.functions.timeout.ms',
    type: whole(1),
    default: '1000',
    doc: "How long one call of a user function may take, and a part of the code of a user's provider that does not wait",
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
    name: 'session.timeout.ms',
    type: whole(100),
    default: '6000',
    doc: 'How long a node on Kafka may be silent before others take its tasks over; a broker refuses less than its group.min.session.timeout.ms (6000)',
    read: (value) => value,
  }),
  option({
    name: 'ksql.server.command.response.timeout.ms',
    type: whole(0),
    default: '5000',
    doc: 'How long a request with commandSequenceNumber waits until this node has executed that command',
    read: (value) => value,
  }),
  option({
    name: 'access.control.allow.origin',
    type: text,
    default: '',
    doc: 'Origins such as https://tools.example.com whose web pages may use this node, by commas, or *; its own pages always may',
    read: (value) => value.split(',').flatMap((origin) => origin.trim() || []),
  }),
  ...brokerOptions,
  ...accessOptions,
  ...outboundOptions,
  ...awsOptions,
  ...mlflowOptions,
);
