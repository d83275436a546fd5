import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import type { QueryObject } from '../../src/catalog/catalog.ts';
import { startNode, type RunningNode } from '../../src/cli/start-node.ts';
import { readSettings } from '../../src/config/settings.ts';
import { SqlError } from '../../src/diagnostics/sql-error.ts';
import { Session } from '../../src/engine/session.ts';
import { sourcesOf } from '../../src/plan/physical/topology.ts';
import type { TopicRecord } from '../../src/runtime/ports/node.ts';
import { processingLogTopic, type ProcessingError } from '../../src/runtime/sinks/processing-log.ts';
import { executeScript } from '../../src/statements/index.ts';
import { randomRecords, randomSources, type Fed } from './feed.ts';
import { compare, compareOnBrokers, judgeLines, runAlone, stackOf } from './judge.ts';
import { validParts, type QueriesRun } from './queries.ts';
import type { Random } from './random.ts';
import { randomStatement, sourceNames } from './random-statements.ts';
import type { Parts } from './random-operators.ts';

/** Rounds on nodes: of many queries over the same records, in parts between which the node is stopped or killed. */
export interface NodesOptions {
  readonly rounds: number;
  /** How many queries a round has. */
  readonly queries: number;
  readonly seed: number;
  /** Without brokers the node is an embedded one. */
  readonly brokers: string | undefined;
}

const parts = 4;
const recordsAPart = 100;

/** Random queries on nodes that are stopped and killed: their rows and log lines must be those of runs without a node. */
export async function fuzzNodes(
  options: NodesOptions,
  make: (seed: number) => Random,
): Promise<QueriesRun & Pick<Round, 'ends'>> {
  const counts = new Map<string, number>();
  const findings: string[] = [];
  const total = { records: 0, lines: 0 };
  const ends = { stopped: 0, killed: 0, cut: 0 };
  const valid = await validParts(make(options.seed));
  for (let i = 0; i < options.rounds; i++) {
    const round = new Round(options, options.seed + i, valid, make);
    try {
      await round.run();
    } catch (error) {
      round.findings.push(stackOf(error));
    } finally {
      await round.close();
    }
    for (const [outcome, n] of round.counts) counts.set(outcome, (counts.get(outcome) ?? 0) + n);
    for (const end of ['stopped', 'killed', 'cut'] as const) ends[end] += round.ends[end];
    total.records += round.records;
    total.lines += round.lines;
    findings.push(...round.findings.map((text) => `${round.told}\n${text}`));
  }
  return { counts, ...total, findings, ends };
}

class Round {
  readonly counts = new Map<string, number>();
  readonly findings: string[] = [];
  records = 0;
  lines = 0;
  /** How often its nodes were stopped, killed, and killed before all was read. */
  readonly ends = { stopped: 0, killed: 0, cut: 0 };
  readonly #random: Random;
  readonly #options: NodesOptions;
  readonly #parts: Parts;
  readonly #folder = mkdtempSync(join(tmpdir(), 'millrace-fuzz-'));
  readonly #seed: number;
  readonly #prefix: string;
  readonly #exactlyOnce: boolean;
  readonly #admin: kafkajs.Admin | undefined;
  #node: RunningNode | undefined;
  #declared = '';

  constructor(options: NodesOptions, seed: number, valid: Parts, make: (seed: number) => Random) {
    this.#options = options;
    this.#seed = seed;
    this.#parts = valid;
    this.#random = make(seed);
    this.#prefix = `fuzz${Date.now()}${seed}_`;
    // At least once writes again what a killed node had written, so its nodes are only stopped.
    this.#exactlyOnce = options.brokers === undefined || seed % 2 === 1;
    this.#admin =
      options.brokers === undefined
        ? undefined
        : new kafkajs.Kafka({ brokers: options.brokers.split(','), logLevel: kafkajs.logLevel.NOTHING }).admin();
  }
  get told(): string {
    const guarantee = this.#exactlyOnce ? 'exactly once' : 'at least once';
    return `seed ${this.#seed}, ${this.#options.brokers === undefined ? 'embedded' : guarantee}:\n${this.#declared}`;
  }

  async run(): Promise<void> {
    await this.#admin?.connect();
    await this.#open();
    await this.#createTopics();
    await this.#declare();
    const chunks: Fed[][] = [];
    for (let part = 0; part < parts; part++) {
      await this.#sql('PAUSE ALL;');
      chunks.push(await this.#feed());
      // Each is there before the queries go on: what several inputs have is merged by its time.
      if (this.#exactlyOnce && this.#random.below(2) === 0) await this.#kill();
      await this.#sql('RESUME ALL;');
      await this.#settle();
      if (this.#random.below(3) > 0) await this.#reopen();
    }
    await this.#settle();
    await this.#judge(chunks);
  }

  async close(): Promise<void> {
    await this.#node?.close();
    await this.#admin?.disconnect();
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  get #settings(): Record<string, string> {
    return {
      'ksql.service.id': this.#prefix,
      'state.dir': this.#folder,
      listeners: 'http://127.0.0.1:0',
      'auto.offset.reset': 'earliest',
      'cache.max.bytes.buffering': '0',
      'ksql.output.topic.name.prefix': this.#prefix,
      'ksql.streams.num.stream.threads': '1',
      ...(this.#options.brokers === undefined
        ? {}
        : {
            'bootstrap.servers': this.#options.brokers,
            'commit.interval.ms': '100',
            'processing.guarantee': this.#exactlyOnce ? 'exactly_once_v2' : 'at_least_once',
          }),
    };
  }
  async #open(): Promise<void> {
    this.#node = await startNode(readSettings(this.#settings, {}, undefined));
    await this.#node.started;
  }
  async #reopen(): Promise<void> {
    this.ends.stopped++;
    await this.#node!.close();
    await this.#open();
  }
  get #engine(): RunningNode['engine'] {
    return this.#node!.engine;
  }
  get #queries(): readonly QueryObject[] {
    return [...this.#engine.catalog.queries.values()];
  }
  #sql(text: string): Promise<unknown> {
    return executeScript({ name: 'fuzz', text }, this.#engine, new Session(this.#engine.defaults));
  }

  /** Topics of tables would be compacted at once, because their records are of 1970. */
  async #createTopics(): Promise<void> {
    const sinks = Array.from({ length: this.#options.queries }, (_, i) => `O${i}`);
    await this.#admin?.createTopics({
      waitForLeaders: true,
      topics: [...sourceNames, ...sinks].map((name) => ({
        topic: `${this.#prefix}${name}`,
        numPartitions: 1,
        configEntries: [
          { name: 'cleanup.policy', value: 'delete' },
          { name: 'retention.ms', value: '-1' },
        ],
      })),
    });
  }

  async #declare(): Promise<void> {
    this.#declared = randomSources(this.#random, undefined, this.#prefix);
    await this.#sql(this.#declared);
    for (let i = 0; i < this.#options.queries; i++) {
      const statement = randomStatement(this.#parts, this.#random).replace(
        /^(CREATE (?:STREAM|TABLE|FEATURE VIEW)) O /,
        `$1 O${i} `,
      );
      let outcome = 'ran';
      try {
        await this.#sql(statement);
      } catch (error) {
        outcome = error instanceof SqlError ? String(error.code) : 'FINDING';
        if (outcome === 'FINDING') this.findings.push(`${statement}\n${stackOf(error)}`);
      }
      this.counts.set(outcome, (this.counts.get(outcome) ?? 0) + 1);
    }
  }

  /** Writes records; gives those that the topics have taken. */
  async #feed(): Promise<Fed[]> {
    const taken: Fed[] = [];
    for (const record of randomRecords(this.#engine, this.#random, recordsAPart)) {
      const { key, value, time: timestamp } = record;
      try {
        await this.#engine.node.produce(`${this.#prefix}${record.source}`, [{ key, value, timestamp, partition: 0 }]);
        taken.push(record);
      } catch {
        // A broker refuses records of some times.
      }
    }
    this.records += taken.length;
    return taken;
  }

  /** Has the queries go on in a process of its own, and kills that somewhere in its work. */
  async #kill(): Promise<void> {
    await this.#node!.close();
    const set = Object.entries(this.#settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
    const bin = join(import.meta.dirname, '../../../bin/millrace.mjs');
    const child = spawn(process.execPath, [bin, 'server', ...set], { stdio: ['ignore', 'ignore', 'pipe'] });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    let said = '';
    const url = new Promise<string>((resolve) => {
      child.stderr.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        const found = /serves (http:\S+)/.exec(said)?.[1];
        if (found !== undefined) resolve(found);
      });
    });
    // Not what it answers is waited for: it is killed while it does this, or what comes of it.
    const address = await Promise.race([url, ended.then(() => undefined)]);
    void fetch(`${address}/ksql`, { method: 'POST', body: JSON.stringify({ ksql: 'RESUME ALL;' }) }).catch(
      () => undefined,
    );
    await sleep(this.#random.below(this.#options.brokers === undefined ? 60 : 400));
    if (child.exitCode !== null) this.findings.push(`the node ended by itself: ${said}`);
    child.kill('SIGKILL');
    await ended;
    await this.#open();
    this.ends.killed++;
    const lag = this.#queries.reduce((sum, { id }) => sum + (this.#engine.node.status(id)?.lag ?? 0), 0);
    if (lag > 0 || !(await this.#isRead())) this.ends.cut++;
  }

  /** Waits until all queries have read everything. */
  async #settle(): Promise<void> {
    const limit = Date.now() + 60_000;
    let before = -1;
    for (let quiet = 0; quiet < 4;) {
      const { node } = this.#engine;
      const states = this.#queries.map(({ id }) => node.status(id));
      const read = states.reduce((sum, status) => sum + (status?.recordsIn ?? 0), 0);
      const stands = states.some((status) => status?.stoppedAt !== undefined);
      const lag = states.reduce((sum, status) => sum + (status?.lag ?? 1), 0);
      const isRunning = states.every((status) => status?.state === 'RUNNING');
      const isDone = stands || (isRunning && lag === 0 && (await this.#isRead()));
      quiet = isDone && read === before ? quiet + 1 : 0;
      before = read;
      if (Date.now() > limit) {
        const told = this.#queries.map(
          ({ id }, i) => `${id} ${states[i]?.state} ${states[i]?.lag} ${states[i]?.error}`,
        );
        throw new TypeError(`the queries do not come to the end of their topics:\n${told.join('\n')}`);
      }
      await sleep(this.#admin === undefined ? 5 : 150);
    }
  }
  /** Whether the groups of the queries have committed all that is in their sources. */
  async #isRead(): Promise<boolean> {
    if (this.#admin === undefined) return true;
    const ends = new Map<string, number>();
    for (const name of sourceNames) {
      const topic = `${this.#prefix}${name}`;
      ends.set(topic, Number((await this.#admin.fetchTopicOffsets(topic))[0]!.offset));
    }
    for (const query of this.#queries) {
      const groupId = `_millrace-${this.#prefix}query_${query.id}`;
      const committed = (await this.#admin.fetchOffsets({ groupId })).map(
        ({ topic, partitions }) => [topic, Number(partitions[0]?.offset ?? 0)] as const,
      );
      const reached = new Map(committed);
      for (const { source } of sourcesOf(query.plan))
        if ((reached.get(source.topic) ?? 0) < ends.get(source.topic)!) return false;
    }
    return true;
  }

  async #judge(chunks: readonly Fed[][]): Promise<void> {
    const logged = await this.#logged();
    this.lines = logged.length;
    for (const query of this.#queries) {
      const findings = new Set<string>();
      const status = this.#engine.node.status(query.id);
      if (status?.state !== 'RUNNING') findings.add(`the query is ${status?.state}: ${status?.error}`);
      const sizes = chunks.map(({ length }) => length).values();
      const alone = await runAlone({ query, schemas: this.#engine.schemas }, chunks.flat(), {
        batch: () => sizes.next().value ?? 1,
      });
      const output = query.plan.sink?.topic;
      const rows = output === undefined ? [] : await this.#records(output);
      const lines = logged.filter((line) => line.query === query.id);
      if (alone.failure !== undefined) findings.add(`the query stops: ${alone.failure}`);
      judgeLines(lines, findings);
      if (this.#admin === undefined) compare('on a node', alone, { rows, lines }, findings);
      else compareOnBrokers(query, alone, { rows, lines }, findings);
      if (findings.size > 0) this.counts.set('FINDING', (this.counts.get('FINDING') ?? 0) + 1);
      this.findings.push(...[...findings].map((text) => `${query.id}: ${query.statement}\n${text}`));
    }
  }

  async #records(topic: string): Promise<TopicRecord[]> {
    const reader = await this.#engine.node.openReader(topic, 'beginning');
    const all: TopicRecord[] = [];
    while (!reader.caughtUp) all.push(...(await reader.poll(10_000, 100)));
    reader.close();
    return all;
  }
  async #logged(): Promise<ProcessingError[]> {
    return (await this.#records(processingLogTopic(this.#prefix))).map(({ value }) => {
      const row = JSON.parse(value!.toString()) as Record<string, string & number>;
      return {
        query: row['QUERY_ID']!,
        type: row['TYPE'] as unknown as ProcessingError['type'],
        topic: row['SOURCE_TOPIC']!,
        partition: row['SOURCE_PARTITION']!,
        offset: row['SOURCE_OFFSET']!,
        message: row['ERROR_MESSAGE']!,
      };
    });
  }
}
