// Prints the model's features with their labels as CSV, computed by the same SQL that serves them. Usage: see README.md.
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generatePayments } from '../../dist/src/cli/payments.js';
import { startNode } from '../../dist/src/cli/start-node.js';
import { readSettings } from '../../dist/src/config/settings.js';
import { Session } from '../../dist/src/engine/session.js';
import { executeScript } from '../../dist/src/statements/index.js';

const features = ['TRANSACTION_COUNT_1M', 'TRANSACTION_COUNT_5M', 'TOTAL_AMOUNT_1H', 'TRANSACTION_COUNT_24H', 'UNIQUE_MERCHANTS_24H', 'AVG_AMOUNT_24H', 'DISTANCE_FROM_LAST_TRANSACTION', 'AMOUNT'];
const trainingSeed = 1;
const folder = mkdtempSync(join(tmpdir(), 'millrace-train-'));
const { engine, close } = await startNode(readSettings({ 'state.dir': folder, listeners: 'http://127.0.0.1:0', 'auto.offset.reset': 'earliest' }, {}));
const script = readFileSync(new URL('query.sql', import.meta.url), 'utf8').split('CREATE MODEL')[0];
await executeScript({ name: 'query.sql', text: script }, engine, new Session(engine.defaults));
const payments = generatePayments(Number(process.argv[2] ?? 60000), trainingSeed);
const labels = new Map(payments.map(({ id, label }) => [id, label]));
for (let i = 0; i < payments.length; i += 1000) {
  const records = payments.slice(i, i + 1000).map(({ user, id, merchant, amount, lat, lon, ts }) => ({ key: user, value: JSON.stringify({ tx_id: id, merchant_id: merchant, amount, lat, lon, ts, sent: 0 }), timestamp: ts, partition: undefined }));
  await engine.node.produce('transactions', records);
}
const reader = await engine.node.openReader('USER_VELOCITY', 'beginning');
console.log([...features, 'LABEL'].join(','));
for (let rows = 0; rows < payments.length; ) {
  for (const { value } of await reader.poll(5000, 500)) {
    const row = JSON.parse(value.toString());
    console.log([...features.map((name) => row[name]), labels.get(row.TX_ID) ? 1 : 0].join(','));
    rows++;
  }
}
await close();
process.exit(0);
