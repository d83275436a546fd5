import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { readFileSync } from 'node:fs';
import type { AuthenticationProviderArgs } from 'kafkajs';
import { expect, test, vi } from 'vitest';
import { BrokerContact, untilConnected } from '../../../src/adapters/kafka/broker-contact.ts';
import { explained, forUsers, TopicRefused } from '../../../src/adapters/kafka/broker-rights.ts';
import { bearerAuthentication, tokenProvider, TokenRefused } from '../../../src/adapters/kafka/oauth-token.ts';
import { WireError } from '../../../src/adapters/kafka/wire-error.ts';
import { errorAnswer } from '../../../src/server/errors.ts';
import { Authority } from '../../support/certificates.ts';

const right = 'WRITE on topic "a"';

test.each([
  ['of a request', new WireError(29, 'produce to a-0')],
  ['of kafkajs', Object.assign(new Error('Not authorized'), { type: 'TOPIC_AUTHORIZATION_FAILED' })],
  [
    'of one of several topics',
    Object.assign(new Error('Topic creation errors'), { errors: [{ type: 'TOPIC_AUTHORIZATION_FAILED' }] }),
  ],
  ['that was retried', new Error('gave up', { cause: { type: 'TOPIC_AUTHORIZATION_FAILED' } })],
])('a refusal %s names the right, and is 403 for whoever asked', (_, error) => {
  const told = forUsers(explained(error, { topic: right, group: 'READ on group "g"' }));
  expect(errorAnswer(told)).toMatchObject({
    status: 403,
    body: {
      code: 'BROKER_FORBIDS',
      error_code: 40301,
      message: expect.stringContaining(`the ACLs of the Kafka cluster do not give this node ${right}`) as string,
    },
  });
});

test('other errors, and refusals of something else, stay as they are', () => {
  for (const error of [new WireError(6, 'a-0'), new WireError(30, 'g'), new Error('x')]) {
    expect(explained(error, { topic: right })).toBe(error);
    expect(forUsers(error)).toBe(error);
  }
});

test('a topic that the controller refuses is the mistake of whoever asked, in the words of the broker', () => {
  const refused = new TopicRefused(44, 'a', 'create', 'too many partitions');
  expect(errorAnswer(forUsers(explained(refused, { topic: right })))).toMatchObject({
    status: 400,
    body: {
      code: 'TOPIC_REFUSED',
      message: 'the brokers do not create topic "a": POLICY_VIOLATION: too many partitions',
    },
  });
  expect(new TopicRefused(73, 'a', 'delete', null).message).toBe(
    'the brokers do not delete topic "a": TOPIC_DELETION_DISABLED',
  );
});

test('a node whose authorities do not know the broker says so at once', async () => {
  const { both } = new Authority().issue('server');
  const pem = readFileSync(both);
  const broker = createTlsServer({ cert: pem, key: pem }).listen(0, '127.0.0.1');
  await once(broker, 'listening');
  const servers = `127.0.0.1:${(broker.address() as AddressInfo).port}`;
  const settings = { 'bootstrap.servers': servers, 'security.protocol': 'SSL' };
  const connecting = untilConnected(settings, [], () => undefined);
  await expect(connecting).rejects.toMatchObject({
    code: 'BROKER_REFUSES',
    message: expect.stringMatching(/do not trust each other: .*certificate/) as string,
  });
  broker.close();
});

test('a broker that is slow before its commands are followed is no broker that is away', async () => {
  vi.useFakeTimers();
  const contact = new BrokerContact('a:1', () => undefined);
  const slow = (): Promise<string> => new Promise((resolve) => setTimeout(() => resolve('made'), 10_000));
  const made = contact.need(slow);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await made).toBe('made');
  contact.begin();
  const given = expect(contact.need(slow)).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
  await vi.advanceTimersByTimeAsync(10_000);
  await given;
  vi.useRealTimers();
});

test('a token serves until most of its life is over; a client that the endpoint refuses is told why', async () => {
  let asked = 0;
  let lifeSeconds = 3600;
  const endpoint = createHttpServer((_, response) => {
    asked++;
    if (lifeSeconds < 0) response.writeHead(401).end('{"error":"invalid_client","error_description":"who is that"}');
    else response.end(JSON.stringify({ access_token: `token ${asked}`, expires_in: lifeSeconds }));
  }).listen(0, '127.0.0.1');
  await once(endpoint, 'listening');
  const url = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/`;
  const source = { url, clientId: 'a', clientSecret: 'b', scope: undefined };
  const lasting = tokenProvider(source);
  expect(await Promise.all([lasting(), lasting(), lasting()])).toEqual(['token 1', 'token 1', 'token 1']);
  expect(await lasting()).toBe('token 1');
  lifeSeconds = 0;
  const short = tokenProvider(source);
  expect([await short(), await short()]).toEqual(['token 2', 'token 3']);
  lifeSeconds = -1;
  await expect(short()).rejects.toThrow(/gives no token: status 401, invalid_client: who is that/);
  // It is asked again.
  lifeSeconds = 60;
  expect(await short()).toBe('token 5');
  endpoint.close();
});

test.each([
  ['{"status":"invalid_token"}', /OAUTHBEARER authentication failed: invalid_token/],
  ['', undefined],
])('what a broker answers to a token is looked at: %j', async (answer, why) => {
  const saslAuthenticate = ({ response }: { readonly response: { parse(bytes: Buffer): string } }): Promise<string> => {
    const bytes = Buffer.alloc(4 + answer.length, answer, 'utf8');
    bytes.writeInt32BE(answer.length);
    bytes.write(answer, 4);
    return Promise.resolve(response.parse(bytes));
  };
  const broker = { host: 'a', port: 1, saslAuthenticate } as unknown as AuthenticationProviderArgs;
  const shown = bearerAuthentication(() => Promise.resolve('t'))(broker).authenticate();
  if (why === undefined) await shown;
  else {
    const error = await shown.catch((refusal: unknown) => refusal);
    expect(error).toBeInstanceOf(TokenRefused);
    expect((error as TokenRefused).message).toMatch(why);
  }
});
