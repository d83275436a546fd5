import { Session } from '../src/engine/session.ts';
import { executeScript } from '../src/statements/index.ts';
import { embeddedSource, measureLatency } from './chain.ts';
import { openBenchNode } from './node.ts';
import { openScoreServer } from './score-server.ts';

/**
 * Milliseconds from sending a row until its score is read, of a model behind a server that takes some for a call, for some calls much more; in order and
 * not. At least as many rows a second must come back as are sent.
 */
export async function benchRemoteModel({
  rates,
  seconds,
  latency,
}: {
  readonly rates: string;
  readonly seconds: string;
  /** Milliseconds of a call; behind a comma those of a slow one, and behind another one how many calls one of them is slow. */
  readonly latency: string;
}): Promise<void> {
  const [usual = 5, slow = usual, oneOf = 500] = latency.split(',').map(Number);
  const server = await openScoreServer(usual, slow, oneOf);
  for (const rate of rates.split(',').map(Number))
    for (const mode of ['ORDERED', 'UNORDERED']) {
      const running = await openBenchNode();
      const { engine } = running;
      await engine.node.createTopic('payments', { partitions: 4, replicas: 1, config: {} });
      const text = `
        CREATE STREAM payments (user_id STRING KEY, amount DOUBLE, sent DOUBLE) WITH (KAFKA_TOPIC='payments', VALUE_FORMAT='JSON');
        CREATE MODEL m INPUT (x DOUBLE) OUTPUT (y DOUBLE) WITH (PROVIDER='oip-v2', ENDPOINT='${server.endpoint}', MODEL_NAME='m',
          VALIDATE='OFF', OUTPUT_MODE='${mode}', MAX_IN_FLIGHT=8, MAX_BATCH_DELAY='2 MILLISECONDS');
        CREATE STREAM scores AS SELECT user_id, sent, p.y AS y FROM payments INVOKE MODEL m USING (amount) AS p;`;
      await executeScript({ name: 'remote model', text }, engine, new Session(engine.defaults));
      const reader = await engine.node.openReader('SCORES', 'beginning');
      const begun = process.cpuUsage();
      const latencies = await measureLatency(embeddedSource(engine, 'payments'), reader, rate, Number(seconds) * 1000);
      const { user, system } = process.cpuUsage(begun);
      const at = (share: number): number =>
        Number((latencies[Math.floor((latencies.length - 1) * share)] ?? NaN).toFixed(1));
      console.log(
        JSON.stringify({
          bench: 'remote-model',
          mode,
          call_ms: [usual, slow],
          one_of: oneOf,
          rate,
          rows: latencies.length,
          p50_ms: at(0.5),
          p99_ms: at(0.99),
          max_ms: at(1),
          cpu_s: Number(((user + system) / 1e6).toFixed(1)),
        }),
      );
      reader.close();
      await running.close();
    }
  server.close();
}
