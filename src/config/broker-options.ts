import { oneOf, option, text } from './option.ts';

const same = (value: string): string => value;

/** How a node reaches brokers that ask who it is. */
export const brokerOptions = [
  option({
    name: 'security.protocol',
    type: oneOf('PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'),
    default: 'PLAINTEXT',
    doc: 'How brokers are reached',
    read: (value) => ({ isTls: value.endsWith('SSL'), isSasl: value.startsWith('SASL') }),
  }),
  option({
    name: 'sasl.mechanism',
    type: oneOf('PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'),
    default: 'PLAIN',
    doc: 'How the node shows brokers who it is: a password, or a token (OAUTHBEARER)',
    read: (value) => value.toLowerCase(),
  }),
  option({ name: 'sasl.username', type: text, default: '', doc: 'The user of SASL', read: same }),
  option({ name: 'sasl.password', type: text, default: '', doc: 'The password of SASL', read: same, secret: true }),
  option({
    name: 'sasl.oauthbearer.token.endpoint.url',
    type: text,
    default: '',
    doc: 'Where OAUTHBEARER gets its tokens: an address that gives them for client credentials, or file:///path of a token, read for each connection',
    read: (value) => value || undefined,
  }),
  option({
    name: 'sasl.oauthbearer.client.id',
    type: text,
    default: '',
    doc: 'The client that asks for tokens',
    read: same,
  }),
  option({
    name: 'sasl.oauthbearer.client.secret',
    type: text,
    default: '',
    doc: 'The secret of that client',
    read: same,
    secret: true,
  }),
  option({
    name: 'sasl.oauthbearer.scope',
    type: text,
    default: '',
    doc: 'The scope that a token is asked for',
    read: (value) => value || undefined,
  }),
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
] as const;
