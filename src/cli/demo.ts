import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import colors from 'picocolors';
import { addOnnxRuntime, hasOnnxRuntime } from '../adapters/models/onnx-runtime.ts';
import { readSettings } from '../config/settings.ts';
import type { Engine } from '../engine/engine.ts';
import { Session } from '../engine/session.ts';
import { executeScript } from '../statements/index.ts';
import { packageRoot } from '../util/package-root.ts';
import { generatePayments, type Payment } from './payments.ts';
import { startNode } from './start-node.ts';

const examples = new URL('examples/fraud/', packageRoot(import.meta.url));
const write = (text: string): void => void process.stdout.write(`${text}\n`);
/** The score from which a payment is alerted. */
const threshold = 0.85;
const testSeed = 7;

interface Score {
  readonly tx: string;
  readonly score: number;
  readonly amount: number;
  readonly latencyMs: number;
}

/** Runs the demo in one process: payments, feature views, scores and alerts; then reports quality and latency. */
export async function runDemo(options: { readonly events: string; readonly rate: string }): Promise<void> {
  const count = Number(options.events);
  const rate = Number(options.rate);
  const folder = mkdtempSync(join(tmpdir(), 'millrace-demo-'));
  const running = await startNode(
    readSettings(
      { 'state.dir': folder, listeners: 'http://127.0.0.1:0', 'auto.offset.reset': 'earliest' },
      {},
      undefined,
    ),
  );
  try {
    const session = new Session(running.engine.defaults);
    session.variables.set('MODEL_PATH', fileURLToPath(new URL('fraud.onnx', examples)));
    const hasModel = hasOnnxRuntime();
    const scorer = hasModel ? 'an ONNX model' : 'a rule';
    write(colors.bold(`Millrace demo: fraud features per payment, scored by ${scorer}, in this process`));
    if (!hasModel) write(colors.dim(addOnnxRuntime));
    write(
      colors.dim(
        `${count} payments at ${rate} a second; the queries are examples/fraud/query.sql; REST is at ${running.server.url}\n`,
      ),
    );
    const text = hasModel ? exampleText('query.sql') : withRule(exampleText('query.sql'));
    await executeScript({ name: 'examples/fraud/query.sql', text }, running.engine, session);
    const payments = generatePayments(count, testSeed);
    await judge(running.engine, payments, rate, hasModel ? 'model' : 'rule');
  } finally {
    await running.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const exampleText = (name: string): string => readFileSync(new URL(name, examples), 'utf8');
/** The queries with a rule in place of the model and its scores. */
const withRule = (script: string): string =>
  script.replace(/^CREATE MODEL[^]*(?=^CREATE STREAM alerts)/m, () => exampleText('rule.sql'));

async function judge(engine: Engine, payments: readonly Payment[], rate: number, scorer: string): Promise<void> {
  const reader = await engine.node.openReader('SCORED', 'beginning');
  const labels = new Map(payments.map((payment) => [payment.id, payment]));
  const started = performance.now();
  const producing = produce(engine, payments, rate, started);
  const scores: Score[] = [];
  let shown = 0;
  while (scores.length < payments.length) {
    const records = await reader.poll(2000, 500);
    const now = Date.now();
    for (const { value, key } of records) {
      const row = JSON.parse(value!.toString()) as {
        TX_ID: string;
        SCORE: number;
        AMOUNT: number;
        SENT: number;
        TRANSACTION_COUNT_1M: number;
        DISTANCE: number;
      };
      scores.push({ tx: row.TX_ID, score: row.SCORE, amount: row.AMOUNT, latencyMs: now - row.SENT });
      if (row.SCORE > threshold && (shown < 12 || scores.length % 40 === 0)) {
        shown++;
        const truth = labels.get(row.TX_ID)!.label ? colors.red('fraud') : colors.green('honest');
        write(
          `${colors.red('ALERT')} ${row.TX_ID.padEnd(8)} ${key!.toString().padEnd(5)} ${row.AMOUNT.toFixed(2).padStart(9)} EUR  ${String(row.TRANSACTION_COUNT_1M).padStart(2)} in 1 min  ${row.DISTANCE.toFixed(0).padStart(5)} km  score ${row.SCORE.toFixed(3)}  was ${truth}`,
        );
      }
    }
    if (process.stdout.isTTY)
      process.stdout.write(`\r${colors.dim(`${scores.length} of ${payments.length} scored`)}\r`);
  }
  await producing;
  const seconds = (performance.now() - started) / 1000;
  report(scores, labels, seconds, scorer);
}

async function produce(engine: Engine, payments: readonly Payment[], rate: number, started: number): Promise<void> {
  for (let i = 0; i < payments.length;) {
    const due = Math.min(payments.length, Math.floor(((performance.now() - started) / 1000) * rate) + 1);
    if (i < due) {
      const sent = Date.now();
      const records = payments.slice(i, due).map(({ user, id, merchant, amount, lat, lon, ts }) => ({
        key: user,
        value: JSON.stringify({ tx_id: id, merchant_id: merchant, amount, lat, lon, ts, sent }),
        timestamp: ts,
        partition: undefined,
      }));
      await engine.node.produce('transactions', records);
      i = due;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

interface Quality {
  readonly precision: number;
  readonly recall: number;
}

/** Precision and recall of the alerts against the labels. */
function quality(alerts: readonly string[], labels: ReadonlyMap<string, Payment>): Quality {
  const right = alerts.filter((id) => labels.get(id)!.label).length;
  const frauds = [...labels.values()].filter(({ label }) => label).length;
  return { precision: right / Math.max(1, alerts.length), recall: right / Math.max(1, frauds) };
}

function report(scores: readonly Score[], labels: ReadonlyMap<string, Payment>, seconds: number, scorer: string): void {
  const alerts = scores.filter(({ score }) => score > threshold).map(({ tx }) => tx);
  const model = quality(alerts, labels);
  // The baseline raises as many alerts, on the largest amounts.
  const byAmount = [...scores]
    .sort((a, b) => b.amount - a.amount)
    .slice(0, alerts.length)
    .map(({ tx }) => tx);
  const baseline = quality(byAmount, labels);
  const latencies = scores.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b);
  const at = (p: number): string =>
    `${latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * p))]!} ms`;
  const percent = (value: number): string => `${(value * 100).toFixed(1)} %`;
  const frauds = [...labels.values()].filter(({ label }) => label).length;
  write('');
  write(
    `${colors.bold('payments')}    ${scores.length} scored in ${seconds.toFixed(1)} s: ${Math.round(scores.length / seconds)} a second; ${frauds} were fraud, ${alerts.length} raised an alert`,
  );
  write(`${colors.bold('latency')}     from payment to score: p50 ${at(0.5)}, p99 ${at(0.99)}`);
  write(
    `${colors.bold(scorer.padEnd(11))} precision ${percent(model.precision)}, recall ${percent(model.recall)} (score over ${threshold})`,
  );
  write(
    `${colors.bold('threshold')}   precision ${percent(baseline.precision)}, recall ${percent(baseline.recall)} (as many alerts, on the largest amounts)`,
  );
  write(colors.dim('labels have 2 % noise and another seed than the training data'));
}
