import { readFileSync } from 'node:fs';
import type { KafkaConfig, SASLOptions } from 'kafkajs';

/** The settings that reaching a broker needs, by Kafka's names; plain data, so that workers get it by message. */
export type ClientSettings = Readonly<Record<string, string>>;

// Given whole: kafkajs takes other defaults under NODE_ENV=test. Short first tries make back-to-back transactions fast; the sum
// of all of them outlasts a broker's restart.
const retry = { initialRetryTime: 1, factor: 0, multiplier: 1.3, maxRetryTime: 500, retries: 60 };

export function clientConfig(settings: ClientSettings, clientId: string): KafkaConfig {
  const protocol = settings['security.protocol'] ?? 'PLAINTEXT';
  const file = (name: string): string | undefined =>
    settings[name] ? readFileSync(settings[name], 'utf8') : undefined;
  const [ca, cert, key] = [file('ssl.ca.location'), file('ssl.certificate.location'), file('ssl.key.location')];
  const mechanism = settings['sasl.mechanism']?.toLowerCase() ?? '';
  const sasl = {
    mechanism,
    username: settings['sasl.username'] ?? '',
    password: settings['sasl.password'] ?? '',
  } as SASLOptions;
  return {
    clientId,
    brokers: settings['bootstrap.servers']!.split(',').map((broker) => broker.trim()),
    logLevel: 0,
    retry,
    connectionTimeout: 3000,
    requestTimeout: 30_000,
    ...(protocol.includes('SSL')
      ? { ssl: { ...(ca && { ca: [ca] }), ...(cert && { cert }), ...(key && { key }) } }
      : {}),
    ...(protocol.startsWith('SASL') ? { sasl } : {}),
  };
}
