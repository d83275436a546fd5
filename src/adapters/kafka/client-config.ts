import { readFileSync } from 'node:fs';
import type { KafkaConfig, Mechanism, SASLOptions } from 'kafkajs';
import { hostname } from 'node:os';
import { serverOptions } from '../../config/server-options.ts';
import { noSpan } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import { bearerAuthentication, tokenProvider } from './oauth-token.ts';

/** The settings for reaching a broker, by Kafka's names; plain data, which workers get by message. */
export type ClientSettings = Readonly<Record<string, string>>;

// Complete, because kafkajs has other defaults under NODE_ENV=test. Short first retries make back-to-back transactions fast;
// all of them together outlast a broker's restart.
const retry = { initialRetryTime: 1, factor: 0, multiplier: 1.3, maxRetryTime: 500, retries: 60 };

/** Brokers' logs, quotas and metrics tell nodes apart by it. */
const nodeName = `${hostname()}-${process.pid}`;

type Read = <N extends (typeof serverOptions)['options'][number]['name']>(
  name: N,
) => ReturnType<typeof serverOptions.read<N>>;

function saslOf(read: Read): SASLOptions | Mechanism {
  const mechanism = read('sasl.mechanism');
  if (mechanism !== 'oauthbearer')
    return { mechanism, username: read('sasl.username'), password: read('sasl.password') } as SASLOptions;
  const setting = 'sasl.oauthbearer.token.endpoint.url';
  const url = read(setting);
  const why = 'OAUTHBEARER needs the address that gives tokens, or file:///path of a token';
  if (url === undefined || !URL.canParse(url))
    throw new SqlError('INVALID_SETTING', noSpan, { name: setting, value: url ?? '', why });
  const token = tokenProvider({
    url,
    clientId: read('sasl.oauthbearer.client.id'),
    clientSecret: read('sasl.oauthbearer.client.secret'),
    scope: read('sasl.oauthbearer.scope'),
  });
  return { mechanism, authenticationProvider: bearerAuthentication(token) };
}

/** `part` is what of the node connects, and `retries` how often it repeats a request that fails. */
export function clientConfig(settings: ClientSettings, part: string, retries = retry.retries): KafkaConfig {
  const read: Read = (name) => serverOptions.read(name, settings);
  const { isTls, isSasl } = read('security.protocol');
  const file = (path: string | undefined): string | undefined => path && readFileSync(path, 'utf8');
  const [ca, cert, key] = [
    file(read('ssl.ca.location')),
    file(read('ssl.certificate.location')),
    file(read('ssl.key.location')),
  ];
  return {
    clientId: `millrace-${nodeName}-${part}`,
    brokers: read('bootstrap.servers'),
    logLevel: 0,
    retry: { ...retry, retries },
    connectionTimeout: 3000,
    requestTimeout: 30_000,
    ...(isTls ? { ssl: { ...(ca && { ca: [ca] }), ...(cert && { cert }), ...(key && { key }) } } : {}),
    ...(isSasl ? { sasl: saslOf(read) } : {}),
  };
}
