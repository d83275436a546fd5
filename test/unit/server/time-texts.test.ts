import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { pgTypeOf } from '../../../src/server/postgres/types.ts';
import { array, map, STRING, struct, TIME, type SqlType } from '../../../src/types/sql-type.ts';
import { ksql, send, startWith } from '../../support/access.ts';

const made = `CREATE STREAM s (id STRING KEY, at1 TIME, times ARRAY<TIME>, st STRUCT<t TIME>) WITH (kafka_topic='s', value_format='JSON', partitions=1);
CREATE FEATURE VIEW v ENTITY KEY (id) AS SELECT id, at1, times FROM s EMIT CHANGES;`;
const insert = `INSERT INTO s (id, at1, times, st) VALUES ('a', '10:05:00.250', ARRAY[PARSE_TIME('10:05:07.001', 'HH:mm:ss.SSS')], STRUCT(t := PARSE_TIME('10:05', 'HH:mm')));`;

test("a TIME has no milliseconds in ksqlDB's answers, and all of them elsewhere", async () => {
  const hook = http.createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      hooked.push(text);
      response.end();
    });
  });
  const hooked: string[] = [];
  await new Promise<void>((done) => hook.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/`;
  const node = await startWith({ 'auto.offset.reset': 'earliest' });
  try {
    const out = `CREATE STREAM o WITH (SINK='webhook', URL='${url}') AS SELECT id, at1, times, st FROM s EMIT CHANGES;`;
    const answer = await ksql(node, {}, made + out + insert);
    expect(answer.status, answer.text).toBe(200);
    for (const [path, accept] of [
      ['/query-stream', 'application/vnd.ksqlapi.delimited.v1'],
      ['/query', 'application/vnd.ksql.v1+json'],
    ] as const) {
      const body =
        path === '/query'
          ? { ksql: 'SELECT at1, times, st, CAST(at1 AS STRING) AS t, TO_JSON_STRING(at1) AS j FROM s;' }
          : { sql: 'SELECT at1, times, st, CAST(at1 AS STRING) AS t, TO_JSON_STRING(at1) AS j FROM s;' };
      const { text } = await send(node, 'POST', path, { accept }, JSON.stringify(body));
      expect(text).toContain('"10:05",["10:05:07"],{"T":"10:05"},"10:05","\\"10:05\\""');
    }
    const features = (): Promise<string> =>
      send(
        node,
        'POST',
        '/get-online-features',
        {},
        JSON.stringify({ features: ['v:at1', 'v:times'], entities: { id: ['a'] } }),
      ).then(({ text }) => text);
    await expect.poll(features).toContain('["10:05:00.250"]');
    expect(await features()).toContain('[["10:05:07.001"]]');
    await expect
      .poll(() => hooked.join(''))
      .toMatch(/"AT1":"10:05:00\.250","TIMES":\["10:05:07\.001"\],"ST":\{"T":"10:05:00"\}/);
  } finally {
    await node.close();
    hook.close();
  }
});

test.each<[SqlType, unknown, string]>([
  [TIME, 36_300_250, '10:05:00.250'],
  [TIME, 36_300_000, '10:05:00'],
  [array(TIME), [36_300_250], '{10:05:00.250}'],
  [map(STRING, TIME), new Map([['a', 36_300_250]]), '{"a":"10:05:00.250"}'],
  [struct([{ name: 'T', type: TIME }]), [36_300_250], '{"T":"10:05:00.250"}'],
])("PostgreSQL's text of %j", (type, value, text) => {
  expect(pgTypeOf(type).text(value as never)).toBe(text);
});
