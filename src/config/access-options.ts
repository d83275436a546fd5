import { address, oneOf, option, Refused, text, whole, type OptionType } from './option.ts';

const orNone = (value: string): string | undefined => value || undefined;

const methods = ['BASIC', 'BEARER', 'CERTIFICATE'] as const;
export type AuthenticationMethod = (typeof methods)[number];

const methodList: OptionType<readonly AuthenticationMethod[]> = {
  name: `none, or of ${methods.join(', ')} by commas`,
  parse(given) {
    const words = typeof given === 'string' ? given.split(',').map((word) => word.trim().toUpperCase()) : [];
    if (words.length === 1 && /^none$/i.test(words[0]!)) return [];
    const known = words.flatMap((word) => methods.filter((method) => method === word));
    return known.length === words.length && words.length > 0
      ? known
      : new Refused(`it must be none, or of ${methods.join(', ')} by commas`);
  },
};
const list = (value: string): readonly string[] => value.split(',').flatMap((part) => part.trim() || []);

/** Settings about who gets in: certificates, users, rights and limits. */
export const accessOptions = [
  option({
    name: 'ssl.keystore.location',
    type: text,
    default: '',
    doc: 'The certificate of an https listener: a PEM file of its chain, with the key or not, or a PKCS12 file; read again when it changes',
    read: orNone,
  }),
  option({
    name: 'ssl.keystore.key.location',
    type: text,
    default: '',
    doc: 'A PEM file of the key, where ssl.keystore.location holds the chain alone',
    read: orNone,
  }),
  option({
    name: 'ssl.keystore.password',
    type: text,
    default: '',
    doc: 'The password of a PKCS12 file',
    read: orNone,
    secret: true,
  }),
  option({
    name: 'ssl.key.password',
    type: text,
    default: '',
    doc: 'The password of an encrypted PEM key',
    read: orNone,
    secret: true,
  }),
  option({
    name: 'ssl.truststore.location',
    type: text,
    default: '',
    doc: 'A PEM file of the authorities whose client certificates an https listener accepts',
    read: orNone,
  }),
  option({
    name: 'ssl.client.authentication',
    type: oneOf('none', 'requested', 'required'),
    default: 'none',
    doc: 'Whether clients of an https listener show a certificate',
    read: (value) => value,
  }),
  option({
    name: 'authentication.method',
    type: methodList,
    default: 'none',
    doc: 'How clients show who they are: a password (HTTP basic), a bearer token (JWT), a client certificate',
    read: (value) => value,
  }),
  option({
    name: 'authentication.realm',
    type: text,
    default: 'KSQL',
    doc: 'What a client without a name is told that it needs one for',
    read: (value) => value,
  }),
  option({
    name: 'authentication.roles',
    type: text,
    default: '*',
    doc: 'The roles of which a user needs one, by commas; * for any user',
    read: list,
  }),
  option({
    name: 'authentication.skip.paths',
    type: text,
    default: '/healthcheck,/chc/live,/chc/ready',
    doc: 'Paths that are served without a name, by commas',
    read: list,
  }),
  option({
    name: 'authentication.users.file',
    type: text,
    default: '',
    doc: 'A file of users, with hashes of their passwords by "millrace user", and their roles; read again when it changes',
    read: orNone,
  }),
  option({
    name: 'authorization.file',
    type: text,
    default: '',
    doc: 'A file of what roles may do; without it every user may do everything; read again when it changes',
    read: orNone,
  }),
  option({
    name: 'oauthbearer.jwks.endpoint.url',
    type: address('https://id.example.com/keys'),
    default: '',
    doc: 'The public keys (JWKS) that sign bearer tokens: an address, or file:///path',
    read: orNone,
  }),
  option({
    name: 'oauthbearer.expected.issuer',
    type: text,
    default: '',
    doc: 'Who must have issued a bearer token',
    read: orNone,
  }),
  option({
    name: 'oauthbearer.expected.audience',
    type: text,
    default: '',
    doc: 'For whom a bearer token must be, one of these by commas',
    read: list,
  }),
  option({
    name: 'oauthbearer.sub.claim.name',
    type: text,
    default: 'sub',
    doc: 'The claim of a bearer token that names the user',
    read: (value) => value,
  }),
  option({
    name: 'oauthbearer.groups.claim.name',
    type: text,
    default: 'roles',
    doc: 'The claim of a bearer token with the roles: a list, or words in a text; dots go into objects',
    read: (value) => value,
  }),
  option({
    name: 'audit.log',
    type: text,
    default: '',
    doc: 'Where it is written who did what, as lines of JSON: a file, or stderr',
    read: orNone,
  }),
  option({
    name: 'limits.user.request.bytes',
    type: whole(1),
    default: String(10 << 20),
    doc: 'How long the body of a request may be',
    read: (value) => value,
  }),
  option({
    name: 'limits.user.rows',
    type: whole(0),
    default: '0',
    doc: 'How many rows one query gives at most; 0 for any number',
    read: (value) => value || Infinity,
  }),
  option({
    name: 'limits.user.statements.per.minute',
    type: whole(0),
    default: '0',
    doc: 'How many statements a user sends in a minute at most; 0 for any number',
    read: (value) => value || Infinity,
  }),
  option({
    name: 'limits.user.push.queries',
    type: whole(0),
    default: '0',
    doc: 'How many push queries of a user run at a time; 0 for any number',
    read: (value) => value || Infinity,
  }),
  option({
    name: 'limits.client.stalled.ms',
    type: whole(1),
    default: '60000',
    doc: 'How long a client may take nothing of its rows before it is cut off; until then its query waits for it',
    read: (value) => value,
  }),
  option({
    name: 'limits.online.entities',
    type: whole(1),
    default: '1000',
    doc: 'How many entities one request of /get-online-features may name',
    read: (value) => value,
  }),
  option({
    name: 'limits.online.features',
    type: whole(1),
    default: '500',
    doc: 'How many features one request of /get-online-features may name',
    read: (value) => value,
  }),
] as const;
