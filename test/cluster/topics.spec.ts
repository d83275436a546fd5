import kafkajs from 'kafkajs';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { clientConfig } from '../../src/adapters/kafka/client-config.ts';
import { Topics } from '../../src/adapters/kafka/topics.ts';
import { brokers, startMillrace, until, withAdmin } from './support.ts';

const { prototype: broker } = createRequire(import.meta.url)('kafkajs/src/broker') as { prototype: object };
const sendSymbol = Object.getOwnPropertySymbols(broker).find((symbol) => String(symbol).includes('sendRequest'))!;
type Send = (this: unknown, call: { request: { apiName: string; apiVersion: number } }) => Promise<unknown>;

const opened: Topics[] = [];
async function open(): Promise<Topics> {
  const topics = new Topics(new kafkajs.Kafka(clientConfig({ 'bootstrap.servers': brokers }, 'topics-spec')), 1);
  await topics.connect();
  opened.push(topics);
  return topics;
}
let topics: Topics;
beforeAll(async () => {
  topics = await open();
});
afterAll(() => Promise.all(opened.map((each) => each.disconnect())));

let stamps = 0;
const named = (): string => `topics_spec_${Date.now()}_${stamps++}`;
const settings = { partitions: 2, replicas: undefined, config: {} };
const names = (): Promise<string[]> => withAdmin((admin) => admin.listTopics());

test('a topic is made once, described, listed and deleted', async () => {
  const name = named();
  await topics.create(name, settings);
  await topics.create(name, { ...settings, partitions: 5 });
  const info = { name, partitions: 2, replicas: 1 };
  expect(await topics.describe(name)).toEqual(info);
  expect(await topics.list()).toContainEqual(info);
  expect(await topics.list([name, 'not_there'])).toEqual([info]);
  expect(await topics.list([])).toEqual([]);
  await topics.delete(name);
  expect(await topics.describe(name)).toBeUndefined();
  expect(await names()).not.toContain(name);
});

test('deleting a topic that is not there returns at once', async () => {
  const begun = performance.now();
  await topics.delete(named());
  expect(performance.now() - begun).toBeLessThan(1000);
});

test('two nodes that delete a topic at once both succeed, at once', async () => {
  const other = await open();
  for (let round = 0; round < 5; round++) {
    const name = named();
    await topics.create(name, settings);
    const begun = performance.now();
    await Promise.all([topics.delete(name), other.delete(name)]);
    expect(performance.now() - begun).toBeLessThan(2000);
    expect(await topics.describe(name)).toBeUndefined();
  }
});

test('a repeated deletion leaves a topic that was made under the name meanwhile', async () => {
  const name = named();
  const other = await open();
  await topics.create(name, settings);
  const send = Reflect.get(broker, sendSymbol) as Send;
  let lost = 0;
  // The first answer is lost; before the request is repeated, another node has made the topic anew.
  const spy = vi.spyOn(broker as Record<symbol, Send>, sendSymbol as never).mockImplementation(async function (
    this: unknown,
    call: Parameters<Send>[0],
  ) {
    const answer = await send.call(this, call);
    if (call.request.apiName !== 'DeleteTopics' || lost++ > 0) return answer;
    await other.create(name, { ...settings, partitions: 3 });
    throw new TypeError('the connection broke');
  });
  await topics.delete(name);
  spy.mockRestore();
  expect(lost).toBe(2);
  expect(await topics.describe(name)).toMatchObject({ partitions: 3 });
  await topics.delete(name);
});

test('without ids of topics a deletion whose answer is lost is told and not repeated', async () => {
  const name = named();
  await topics.create(name, settings);
  const send = Reflect.get(broker, sendSymbol) as Send;
  let asked = 0;
  const spy = vi.spyOn(broker as Record<symbol, Send>, sendSymbol as never).mockImplementation(async function (
    this: { versions: Record<number, { maxVersion: number }> | null },
    call: never,
  ) {
    if (this.versions !== null) this.versions[20]!.maxVersion = 5;
    const { request } = call as Parameters<Send>[0];
    if (request.apiName === 'DeleteTopics') asked++;
    const answer = await send.call(this, call);
    if (request.apiName === 'DeleteTopics') throw new TypeError('the connection broke');
    return answer;
  } as never);
  const former = await open();
  await expect(former.describe(name)).resolves.toMatchObject({ partitions: 2 });
  expect((await former.list()).map((topic) => topic.name)).toContain(name);
  expect((await former.list([name, 'not_there'])).map((topic) => topic.name)).toEqual([name]);
  expect(await former.list([])).toEqual([]);
  await expect(former.delete(name)).rejects.toThrow('the connection broke');
  spy.mockRestore();
  expect(asked).toBe(1);
});

test('what the controller refuses is told in its words', async () => {
  const bad = { ...settings, config: { 'cleanup.policy': 'sometimes' } };
  await expect(topics.create(named(), bad)).rejects.toThrow(/do not create topic "topics_spec_.*INVALID_CONFIG: /);
});

test('two nodes drop a query and its topic at once: nothing of it is left, and the answer comes soon', async () => {
  const service = `${named()}_`;
  const source = named();
  const nodes = await Promise.all([startMillrace(service), startMillrace(service)]);
  const [first, second] = nodes;
  await first.sql(
    `CREATE STREAM s (k STRING KEY, v INT) WITH (KAFKA_TOPIC='${source}', PARTITIONS=2, VALUE_FORMAT='JSON');`,
  );
  await first.sql(`CREATE TABLE t WITH (KAFKA_TOPIC='${source}_t') AS SELECT k, COUNT(*) AS n FROM s GROUP BY k;`);
  await until(
    () => second.sql('SHOW QUERIES;'),
    (answer) => JSON.stringify(answer).includes('CTAS_T'),
  );
  const begun = performance.now();
  await first.sql('DROP TABLE t DELETE TOPIC;');
  expect(performance.now() - begun).toBeLessThan(8000);
  const left = await until(
    async () => (await names()).filter((name) => name.includes(service) && name.includes('query')),
    (found) => found.length === 0,
  );
  expect(left).toEqual([]);
  expect(await names()).not.toContain(`${source}_t`);
  await Promise.all(nodes.map((node) => node.kill('SIGTERM')));
});
