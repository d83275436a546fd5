import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { setSecrets } from '../../../src/util/secrets.ts';
import { openEngine, type TestEngine } from '../../support/memory-node.ts';

interface Alert {
  readonly CONSTRAINT: string;
  readonly VALUE: number;
  readonly WINDOW_START: number;
}
let opened: TestEngine | undefined;
const received: { readonly token: string | undefined; readonly rows: readonly Alert[] }[] = [];
let refusals = 1;
const server = createServer((request, response) => {
  void readText(request).then((body) => {
    const isTaken = refusals-- <= 0;
    if (isTaken) received.push({ token: request.headers.authorization, rows: JSON.parse(body) as Alert[] });
    response.writeHead(isTaken ? 200 : 503, { connection: 'close' }).end();
  });
});
afterEach(async () => {
  await opened?.close();
  server.closeAllConnections();
  server.close();
});

test('a monitor of a model sends its alerts, and nothing else, to a webhook, also when that refuses at first', async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  setSecrets({ pager: 'let me in' });
  opened = await openEngine();
  const { run, settle } = opened;
  await run(`
    CREATE STREAM s (id STRING KEY, place BIGINT) WITH (KAFKA_TOPIC='s', PARTITIONS=1, VALUE_FORMAT='JSON');
    CREATE MODEL seek INPUT (place BIGINT) OUTPUT (value DOUBLE) WITH (PROVIDER='onnx', PATH='test/golden/models/lookup.onnx', ON_ERROR='DEFAULT', DEFAULT_VALUE='{"value":-1}');
    CREATE STREAM scored AS SELECT s.id AS id, p.value AS value, p.model_version AS model_version, p.model_default_used AS model_default_used
      FROM s INVOKE MODEL seek (place) AS p;
    CREATE MONITOR health ON MODEL seek WINDOW TUMBLING (SIZE 10 SECONDS) WITH (TICK='1 DAY')
      (CONSTRAINT defaults CHECK (DEFAULT_RATE() <= 0.25) SEVERITY 'PAGE', CONSTRAINT volume CHECK (ROW_COUNT() >= 2));
    CREATE STREAM pages WITH (SINK='webhook', URL='http://127.0.0.1:${(server.address() as AddressInfo).port}/pages', AUTH_TOKEN='secret:pager')
      AS SELECT * FROM health WHERE state = 'ALERT' AND severity = 'PAGE';`);
  // Windows of 10 seconds: half of the rows are defaults, none is (too few rows, which is no page), all are, and one that ends the last.
  const rows = [[1000, 1], [2000, 9], [11_000, 1], [21_000, 9], [22_000, 8], [31_000, 1]] as const; // prettier-ignore
  for (const [time, place] of rows) await run(`INSERT INTO s (ROWTIME, id, place) VALUES (${time}, 'a', ${place});`);
  await settle();
  const alerts = (): readonly Alert[] => received.flatMap((call) => call.rows);
  await expect.poll(() => alerts().length, { timeout: 60_000 }).toBe(2);
  expect(alerts()).toMatchObject([
    { CONSTRAINT: 'DEFAULTS', VALUE: 0.5, WINDOW_START: 0, SEVERITY: 'PAGE', STATE: 'ALERT' },
    { CONSTRAINT: 'DEFAULTS', VALUE: 1, WINDOW_START: 20_000, SEVERITY: 'PAGE', STATE: 'ALERT' },
  ]);
  expect(new Set(received.map(({ token }) => token))).toEqual(new Set(['Bearer let me in']));
  expect(refusals).toBeLessThan(0);
});
