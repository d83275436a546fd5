import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startNode, type RunningNode } from '../../src/cli/start-node.ts';
import { readSettings } from '../../src/config/settings.ts';
import { newFolder } from './files.ts';

const statements = `
  CREATE STREAM s (id STRING KEY, a DOUBLE, b DOUBLE, kind STRING) WITH (kafka_topic='s', value_format='JSON', partitions=1);
  INSERT INTO s (ROWTIME, id, a, b, kind) VALUES (1000, 'k', 1, 2, 'x'), (2000, 'l', 3, 2, 'x');
  CREATE MODEL m INPUT (a DOUBLE, b DOUBLE) OUTPUT (total DOUBLE, product DOUBLE) WITH (PROVIDER='onnx', PATH='test/golden/models/sum.onnx');
  ALTER MODEL m ADD VERSION WITH (PATH='test/golden/models/difference.onnx');
  ALTER MODEL m SET ROUTE TO VERSION 1 WEIGHT 100 SHADOW VERSION 2 SAMPLE 100;
  CREATE MODEL away INPUT (a DOUBLE) OUTPUT (y DOUBLE) WITH (PROVIDER='oip-v2', ENDPOINT='http://127.0.0.1:1', MODEL_NAME='m', VALIDATE='OFF', DEADLINE='100 MILLISECONDS', CIRCUIT_BREAKER_ENABLED=true);
  CREATE STREAM scored AS SELECT s.id AS id, p.total AS total FROM s INVOKE MODEL m (a, b) AS p;
  CREATE STREAM unscored AS SELECT s.id AS id, p.y AS y FROM s INVOKE MODEL away (a) WITH (ON_ERROR='NULL') AS p;
  CREATE FEATURE VIEW f ENTITY KEY (id) WITH (FRESHNESS='1 MINUTE') AS SELECT id, COUNT(*) AS n FROM s GROUP BY id EMIT CHANGES;
  CREATE MONITOR watch ON STREAM s WINDOW TUMBLING (SIZE 10 SECONDS)
    BASELINE STREAM s FROM '1970-01-01T00:00:00Z' TO '1970-01-01T00:00:05Z'
    WITH (TICK='1 DAY', kafka_topic='watch', MIN_ROWS=1, BINS=4) (
      CHECK (DRIFT(a, 'PSI') <= 0.1), CHECK (NULL_RATE(kind) <= 0.25), CHECK (FRESHNESS() < 60));`;

/** A node of its own with a series of every metric that nodes have. */
export class TellingNode {
  readonly #node: RunningNode;
  private constructor(node: RunningNode) {
    this.#node = node;
  }

  static async start(): Promise<TellingNode> {
    const settings = { 'state.dir': join(newFolder(), 'state'), listeners: 'http://127.0.0.1:0' };
    const telling = new TellingNode(await startNode(readSettings(settings, {}, undefined)));
    await telling.sql(statements);
    for (const time of [11_000, 21_000, 31_000])
      await telling.sql(`INSERT INTO s (ROWTIME, id, a, b, kind) VALUES (${time}, 'k', ${time}, 2, 'x');`);
    await telling.until(
      'model_shadow_rows_total',
      'model_circuit_state',
      'feature_drift{',
      'feature_view_lag_seconds{',
      'nodejs_gc_duration_seconds',
    );
    await telling.sql('VERIFY FEATURE VIEW f;');
    return telling;
  }

  /** The address, as Prometheus names targets. */
  get target(): string {
    return new URL(this.#node.server.url).host;
  }
  async metrics(): Promise<string> {
    return await (await fetch(`${this.#node.server.url}/metrics`)).text();
  }
  async sql(ksql: string): Promise<void> {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${this.#node.server.url}/ksql`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ ksql }),
    });
    if (!answer.ok) throw new TypeError(await answer.text());
  }
  async until(...told: readonly string[]): Promise<void> {
    for (let tries = 0; ; tries++) {
      const text = await this.metrics();
      const missing = told.filter((each) => !text.includes(each));
      if (missing.length === 0) return;
      if (tries > 400) throw new TypeError(`/metrics has no ${missing.join(', ')}: ${text}`);
      // A node tells of garbage collection once there was one.
      Array.from({ length: 200_000 }, () => ({}));
      await sleep(50);
    }
  }
  async close(): Promise<void> {
    await this.#node.close();
  }
}

/** A series of Prometheus' text: its name and its labels. */
export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}
export const seriesOf = (text: string): readonly Series[] =>
  text.split('\n').flatMap((line) => {
    const found = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+$/.exec(line);
    if (found === null) return [];
    const labels = [...(found[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name, value]) => [name, value]);
    return [{ name: found[1]!, labels: Object.fromEntries(labels) as Record<string, string> }];
  });
