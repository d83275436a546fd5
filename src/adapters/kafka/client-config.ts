import { readFileSync } from 'node:fs';
import type { KafkaConfig, SASLOptions } from 'kafkajs';
import { hostname } from 'node:os';
import { serverOptions } from '../../config/server-options.ts';

/** The settings for reaching a broker, by Kafka's names; plain data, which workers get by message. */
export type ClientSettings = Readonly<Record<string, string>>;

// Complete, because kafkajs has other defaults under NODE_ENV=test. Short first retries make back-to-back transactions fast;
// all of them together outlast a broker's restart.
const retry = { initialRetryTime: 1, factor: 0, multiplier: 1.3, maxRetryTime: 500, retries: 60 };

/** Brokers' logs, quotas and metrics tell nodes apart by it. */
const nodeName = `${hostname()}-${process.pid}`;

/** `part` is what of the node connects. */
export function clientConfig(settings: ClientSettings, part: string): KafkaConfig {
  const read = <N extends (typeof serverOptions)['options'][number]['name']>(name: N) =>
    serverOptions.read(name, settings);
  const { isTls, isSasl } = read('security.protocol');
  const file = (path: string | undefined): string | undefined => path && readFileSync(path, 'utf8');
  const [ca, cert, key] = [
    file(read('ssl.ca.location')),
    file(read('ssl.certificate.location')),
    file(read('ssl.key.location')),
  ];
  const sasl = {
    mechanism: read('sasl.mechanism'),
    username: read('sasl.username'),
    password: read('sasl.password'),
  } as SASLOptions;
  return {
    clientId: `millrace-${nodeName}-${part}`,
    brokers: read('bootstrap.servers'),
    logLevel: 0,
    retry,
    connectionTimeout: 3000,
    requestTimeout: 30_000,
    ...(isTls ? { ssl: { ...(ca && { ca: [ca] }), ...(cert && { cert }), ...(key && { key }) } } : {}),
    ...(isSasl ? { sasl } : {}),
  };
}
