import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { dashboards, deploy, sent } from '../../support/dashboards.ts';
import { newFolder } from '../../support/files.ts';
import { freePort } from '../../support/redis.ts';
import { TellingNode } from '../../support/told-metrics.ts';

const rules = join(deploy, 'prometheus/rules.yml');
/** Why these tests are skipped here; undefined where Prometheus is installed. */
const none = spawnSync('promtool', ['--version']).status === 0 ? undefined : 'Prometheus is not installed';

/** A Prometheus that reads one node with the rules and settings that are deployed, and reads it often. */
class Prometheus {
  readonly url: string;
  readonly #process: ChildProcess;
  private constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.#process = child;
  }

  static async start(target: string): Promise<Prometheus> {
    const folder = newFolder();
    const settings = parse(readFileSync(join(deploy, 'prometheus/prometheus.yml'), 'utf8')) as {
      scrape_configs: [Record<string, unknown>];
    };
    const [job] = settings.scrape_configs;
    const own = {
      ...settings,
      global: { scrape_interval: '200ms', evaluation_interval: '200ms' },
      rule_files: [rules],
      scrape_configs: [{ ...job, dns_sd_configs: undefined, static_configs: [{ targets: [target] }] }],
    };
    writeFileSync(join(folder, 'prometheus.yml'), stringify(own));
    const address = `127.0.0.1:${await freePort()}`;
    const child = spawn(
      'prometheus',
      [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=${address}`,
      ],
      { stdio: 'ignore' },
    );
    return new Prometheus(`http://${address}`, child);
  }

  /** The series that a query gives. */
  async ask(query: string): Promise<readonly object[]> {
    const answer = await fetch(`${this.url}/api/v1/query?query=${encodeURIComponent(query)}`);
    const { status, error, data } = (await answer.json()) as {
      status: string;
      error?: string;
      data: { result: object[] };
    };
    if (status !== 'success') throw new TypeError(`${query}: ${error}`);
    return data.result;
  }
  async until(query: string): Promise<void> {
    for (let tries = 0; (await this.ask(query).catch(() => [])).length === 0; tries++) {
      if (tries > 200) throw new TypeError(`${query} gives nothing`);
      await sleep(100);
    }
  }
  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill();
    await ended;
  }
}

describe.skipIf(none !== undefined)(`with Prometheus itself${none === undefined ? '' : `: ${none}`}`, () => {
  test('the rules are what promtool takes, and warn of what they are to warn of', () => {
    for (const args of [
      ['check', 'rules', rules],
      ['check', 'config', join(deploy, 'prometheus/prometheus.yml')],
      ['test', 'rules', join(import.meta.dirname, 'rules.yml')],
    ]) {
      const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8' });
      expect([status, status === 0 ? '' : stdout + stderr], args.join(' ')).toEqual([0, '']);
    }
  });

  let node: TellingNode;
  let prometheus: Prometheus;
  beforeAll(async () => {
    node = await TellingNode.start();
    prometheus = await Prometheus.start(node.target);
    await prometheus.until('up == 1');
    // Rates need two readings with something between.
    await node.sql("INSERT INTO s (ROWTIME, id, a, b, kind) VALUES (31500, 'k', 1, 2, 'x');");
    await prometheus.until('rate(model_inference_requests_total{model="M"}[30s]) > 0');
    await prometheus.until('rate(model_shadow_rows_total[30s]) >= 0');
  }, 90_000);
  afterAll(async () => {
    await prometheus.close();
    await node.close();
  });

  test.each(dashboards)('every panel of %s has something to show', async (_, { panels }) => {
    for (const { title, targets = [] } of panels)
      for (const { expr } of targets) expect(await prometheus.ask(sent(expr, '30s')), title).not.toEqual([]);
  });

  test('an alert of a query that stands in ERROR begins, and ends when the query is dropped', async () => {
    await node.sql(`SET 'ksql.fail.on.deserialization.error'='true';
      CREATE STREAM numbers (id STRING KEY, n INT) WITH (kafka_topic='numbers', value_format='JSON', partitions=1);
      CREATE STREAM texts (id STRING KEY, n STRING) WITH (kafka_topic='numbers', value_format='JSON');
      CREATE STREAM stands AS SELECT * FROM numbers;
      INSERT INTO texts VALUES ('k', 'no number');`);
    await prometheus.until('ALERTS{alertname="MillraceQueryInError",query=~"CSAS_STANDS_.*"}');
    await node.sql('DROP STREAM stands;');
    await prometheus.until('absent(millrace_query_state{query=~"CSAS_STANDS_.*"})');
  });
});
