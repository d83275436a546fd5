import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { startNode } from '../../src/cli/start-node.ts';
import { readSettings } from '../../src/config/settings.ts';
import { feastPython, noFeast } from '../support/feast.ts';

test.skipIf(noFeast !== undefined)(
  `Feast's SDK reads by its remote online store, unchanged${noFeast === undefined ? '' : `: ${noFeast}`}`,
  { timeout: 180_000 },
  async () => {
    const settings = { 'state.dir': mkdtempSync(join(tmpdir(), 'millrace-feast-')), listeners: 'http://127.0.0.1:0' };
    const node = await startNode(readSettings(settings, {}, undefined));
    onTestFinished(() => node.close());
    const ksql = `
      CREATE STREAM payments (user_id BIGINT KEY, amount DOUBLE, shop STRING) WITH (kafka_topic='payments', partitions=1, value_format='JSON');
      CREATE FEATURE VIEW spending ENTITY KEY (user_id) AS
        SELECT user_id, SUM(amount) AS total, COUNT(*) AS payments, LATEST_BY_OFFSET(shop) AS last_shop, COUNT(*) = 1 AS is_new, COLLECT_LIST(COALESCE(shop, '?')) AS shops
        FROM payments GROUP BY user_id EMIT CHANGES;
      CREATE FEATURE SERVICE fraud REQUEST (amount DOUBLE) FEATURES (spending.total, amount / spending.total AS part, 1 / (spending.payments - 1) AS inverse);
      INSERT INTO payments VALUES (9007199254740993, 2.5, 'a');
      INSERT INTO payments VALUES (2, 1.0, NULL);
      INSERT INTO payments VALUES (9007199254740993, 7.5, 'b');`;
    const created = await fetch(`${node.server.url}/ksql`, {
      method: 'POST',
      body: JSON.stringify({ ksql, streamsProperties: { 'auto.offset.reset': 'earliest' } }),
    });
    expect(created.status, await created.text()).toBe(200);
    const [query] = node.engine.catalog.queries.keys();
    await expect.poll(() => node.engine.node.status(query!)?.recordsIn).toBe(3);
    const python = spawn(feastPython, [join(import.meta.dirname, 'feast_remote.py'), node.server.url]);
    const [said, errors] = await Promise.all([text(python.stdout), text(python.stderr)]);
    const lines = said.trim().split('\n').slice(-2);
    expect(lines.length, errors).toBe(2);
    const ids = ['9007199254740993', '2', '3'];
    // As Feast's protocol numbers them.
    const [invalid, present, isNull, missing] = [0, 1, 2, 3] as const;
    const known = [present, present, missing];
    const always = [present, present, present];
    expect(JSON.parse(lines[0]!)).toEqual([
      {
        values: {
          user_id: ids,
          total: [10, 1, null],
          payments: [2, 1, null],
          last_shop: ['b', null, null],
          is_new: [false, true, null],
          shops: [['a', 'b'], ['?'], null],
        },
        statuses: {
          user_id: always,
          total: known,
          payments: known,
          last_shop: [present, isNull, missing],
          is_new: known,
          shops: known,
        },
      },
      {
        values: { user_id: ids, spending__total: [10, 1, null], spending__payments: [2, 1, null] },
        statuses: { user_id: always, spending__total: known, spending__payments: known },
      },
      {
        values: { user_id: ids, TOTAL: [10, 1, null], PART: [0.5, 1, null], INVERSE: [1, null, null] },
        statuses: { user_id: always, TOTAL: known, PART: known, INVERSE: [present, invalid, missing] },
      },
      [
        { payments: 'int64_val', last_shop: 'string_val' },
        { payments: 'int64_val', last_shop: null },
        { payments: null, last_shop: null },
      ],
    ]);
    expect(JSON.parse(lines[1]!)).toMatch(/404 .*FEATURE_VIEW_NOT_FOUND/);
  },
);
