import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { brokers, createTopic, groupOffset, startMillrace } from './support.ts';

const python = process.env['MILLRACE_TEST_PYTHON'] ?? 'python3';
const modules = ['avro', 'json_schema', 'protobuf'].map((name) => `confluent_kafka.schema_registry.${name}`).join(', ');
const hasPython = spawnSync(python, ['-c', `import ${modules}`]).status === 0;
const has = (command: string): boolean => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;
const hasJava = has('java') && has('mvn');
if (!hasPython) console.log('schema registry: skipped, Python has no confluent_kafka[avro,json,protobuf]');
if (!hasJava) console.log('schema registry: the server is skipped, it needs Java 17 and Maven');

const servers = join(import.meta.dirname, 'broker/broker.sh');
const script = join(import.meta.dirname, 'clients/schema_events.py');
const port = 29481;
/** Apicurio Registry, by the API of Confluent's. */
const server = `http://127.0.0.1:${port}/apis/ccompat/v7`;
const stamp = `${Date.now()}`;

/** The two places where schemas may be: the node itself, and a server. */
describe.each(['the node', 'a server'])('with the schema registry of %s', (where) => {
  const isServer = where === 'a server';
  const folder = mkdtempSync(join(tmpdir(), 'millrace-registry-'));
  const settings: Record<string, string> = isServer ? { 'ksql.schema.registry.url': server } : {};
  const name = isServer ? 'server' : 'node';

  beforeAll(async () => {
    if (!isServer || !hasJava) return;
    const started = spawnSync('bash', [servers, 'registry', String(port), folder], { encoding: 'utf8' });
    expect(started.status, started.stderr).toBe(0);
    for (let left = 100; ; left--) {
      const answer = await fetch(`${server}/config`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: '{"compatibility":"BACKWARD"}',
      }).catch(() => undefined);
      if (answer?.ok === true) return;
      if (left === 0) throw new TypeError('the registry does not answer');
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }, 240_000);
  afterAll(() => {
    if (isServer) spawnSync('bash', [servers, 'stop', folder]);
  });

  const isHere = hasPython && (hasJava || !isServer);
  // A JSON schema that is open takes no new property of a type of its own, and Apicurio compares no descriptors, which Python sends.
  test.skipIf(!isHere).each([
    ['AVRO', 'v2'],
    ['PROTOBUF', isServer ? undefined : 'v2'],
    ['JSON_SR', undefined],
  ])(
    "%s goes from Python's serializer to its deserializer, while the schema changes",
    { timeout: 120_000 },
    async (format, change) => {
      const topic = `${format.toLowerCase()}_${name}_${stamp}`;
      const service = `${topic}_`;
      const sink = `copies_${topic}`;
      await createTopic(topic, 2);
      const millrace = await startMillrace(service, settings);
      const events = (...args: (string | undefined)[]): string => {
        const given = [
          script,
          brokers,
          isServer ? server : millrace.url,
          format,
          ...args.filter((each) => each !== undefined),
        ];
        const { status, stdout, stderr } = spawnSync(python, given, { encoding: 'utf8', maxBuffer: 1 << 26 });
        if (status !== 0) throw new TypeError(`python ended with ${status}: ${stderr}`);
        return stdout;
      };
      events('produce', topic, '1000');
      await millrace.sql(`CREATE STREAM events (k STRING KEY) WITH (KAFKA_TOPIC='${topic}', VALUE_FORMAT='${format}');
        CREATE STREAM copies WITH (KAFKA_TOPIC='${sink}') AS SELECT k, id, UCASE(name) AS name, tags, place->x AS x FROM events WHERE id >= 10 EMIT CHANGES;`);
      while ((await groupOffset(`_millrace-${service}query_CSAS_COPIES_0`, topic)) < 1000)
        await new Promise((resolve) => setTimeout(resolve, 100));
      // The workers meet a schema that they never asked for.
      events('produce', topic, '1000', change);
      const rows = events('consume', sink, '1980')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { ID: number });
      const expected = Array.from({ length: 990 }, (_, i) => i + 10).map((id) => ({
        ID: id,
        NAME: id % 3 === 0 ? null : `É${id}`,
        TAGS: new Array<string>(id % 3).fill('a'),
        X: id / 2,
      }));
      const byId = (a: { ID: number }, b: { ID: number }): number => a.ID - b.ID;
      expect(rows.sort(byId)).toEqual([...expected, ...expected].sort(byId));
      expect(await millrace.metric('millrace_errors_total')).toBe(0);
      await millrace.kill('SIGTERM');
    },
  );

  test.skipIf(isServer && !hasJava)(
    'a sink whose subject has another schema is refused, and the node says why',
    { timeout: 60_000 },
    async () => {
      const topic = `taken_${name}_${stamp}`;
      const millrace = await startMillrace(`${topic}_`, settings);
      const registered = await fetch(`${isServer ? server : millrace.url}/subjects/${topic}-value/versions`, {
        method: 'POST',
        headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
        body: JSON.stringify({
          schema: JSON.stringify({ type: 'record', name: 'R', fields: [{ name: 'N', type: 'string' }] }),
        }),
      });
      expect(registered.status, await registered.text()).toBe(200);
      const refusal = await millrace
        .sql(
          `CREATE STREAM numbers (n BIGINT) WITH (KAFKA_TOPIC='numbers_${topic}', VALUE_FORMAT='JSON', PARTITIONS=1);
        CREATE STREAM taken WITH (KAFKA_TOPIC='${topic}', VALUE_FORMAT='AVRO') AS SELECT n FROM numbers;`,
        )
        .then(String, (error: unknown) => (error as Error).message);
      expect(refusal).toContain('SCHEMA');
      expect(refusal).toContain(`${topic}-value`);
      await millrace.kill('SIGTERM');
    },
  );
});
