import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { brokers, createTopic, startMillrace, type MillraceProcess } from './support.ts';

const has = (command: string): boolean => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;
const hasJava = has('java') && has('mvn');
if (!hasJava) console.log('connect: skipped, a worker needs Java 17 and Maven');
const worker = join(import.meta.dirname, 'broker/broker.sh');
const port = 29483;
const className = 'org.apache.kafka.connect.file.FileStreamSourceConnector';

describe.skipIf(!hasJava)("connectors of Kafka's own Connect", () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-connect-'));
  const stamp = `${Date.now()}`;
  const file = join(folder, 'lines.txt');
  let millrace: MillraceProcess;

  beforeAll(async () => {
    const started = spawnSync('bash', [worker, 'connect', String(port), folder, brokers], { encoding: 'utf8' });
    expect(started.status, started.stderr).toBe(0);
    await createTopic(`lines_${stamp}`, 1);
    writeFileSync(file, 'a\nb\na\n');
    millrace = await startMillrace(`connect_${stamp}_`, { 'ksql.connect.url': `http://127.0.0.1:${port}/` });
  }, 180_000);
  afterAll(async () => {
    await millrace.kill('SIGTERM');
    spawnSync('bash', [worker, 'stop', folder]);
  });

  const refusal = (sql: string): Promise<string> =>
    millrace.sql(sql).then(String, (error: unknown) => (error as Error).message);

  test('a connector fills a stream, is shown, described and dropped', { timeout: 60_000 }, async () => {
    const create = `SOURCE CONNECTOR lines WITH ('connector.class'='${className}', 'tasks.max'='1', 'file'='${file}', 'topic'='lines_${stamp}');`;
    const [made] = await millrace.sql(`CREATE ${create}`);
    expect(made).toMatchObject({ '@type': 'connector_info', info: { name: 'LINES', type: 'source' } });
    expect(await refusal(`CREATE ${create}`)).toContain('already exists');
    await millrace.sql(
      `CREATE STREAM lines (line STRING) WITH (kafka_topic='lines_${stamp}', value_format='KAFKA');
      CREATE STREAM words WITH (value_format='JSON') AS SELECT line AS word, LEN(line) AS n FROM lines PARTITION BY line;
      CREATE TABLE counts AS SELECT word, COUNT(*) AS n FROM words GROUP BY word;`,
    );
    appendFileSync(file, 'c\n');
    let rows = '';
    for (let i = 0; i < 100 && !rows.includes('"c"'); i++) {
      const answer = await fetch(`${millrace.url}/query`, {
        method: 'POST',
        body: JSON.stringify({ ksql: 'SELECT * FROM counts;' }),
      });
      rows = await answer.text();
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(rows).toContain('["a",2]');
    expect(rows).toContain('["c",1]');
    const [shown] = await millrace.sql('SHOW SOURCE CONNECTORS;');
    expect(shown).toMatchObject({
      connectors: [{ name: 'LINES', type: 'source', className, state: 'RUNNING (1/1 tasks RUNNING)' }],
    });
    const [described] = await millrace.sql('DESCRIBE CONNECTOR lines;');
    expect(described).toMatchObject({
      '@type': 'connector_description',
      connectorClass: className,
      status: { connector: { state: 'RUNNING' } },
      sources: [{ name: 'LINES' }],
      topics: [`lines_${stamp}`],
    });
    const [dropped] = await millrace.sql('DROP CONNECTOR lines;');
    expect(dropped).toMatchObject({ '@type': 'drop_connector', connectorName: 'LINES' });
    expect(await millrace.sql('DROP CONNECTOR IF EXISTS lines;')).toMatchObject([{ '@type': 'warning_entity' }]);
    expect(await refusal('DESCRIBE CONNECTOR lines;')).toContain('LINES');
  });

  test('what Connect refuses is said in its words', async () => {
    expect(await refusal(`CREATE SINK CONNECTOR bad WITH ('connector.class'='no.such.Class');`)).toContain(
      'no.such.Class',
    );
    expect(await millrace.sql('SHOW CONNECTOR PLUGINS;')).toMatchObject([{ '@type': 'connector_plugins_list' }]);
  });
});
