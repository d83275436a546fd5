import kafkajs from 'kafkajs';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { clockStep, ServerProcess, type Answer, type Nodes, type Rows } from './nodes.ts';

const count = 3;
const port = Number(process.env['MILLRACE_CHAOS_PORT'] ?? 29_592);
const script = join(import.meta.dirname, '../../../test/cluster/broker/broker.sh');

/** Three nodes of a cluster and their broker. Who asks is answered by any of them. */
export class KafkaNodes implements Nodes {
  readonly #random: () => number;
  readonly #brokerFolder: string;
  readonly #nodes: readonly ServerProcess[];

  /** `standbys` nodes beside the one that runs a task keep its state. */
  constructor(folder: string, random: () => number, standbys: number) {
    this.#random = random;
    this.#brokerFolder = join(folder, 'broker');
    const settings = {
      'ksql.streams.num.standby.replicas': String(standbys),
      'processing.guarantee': 'exactly_once_v2',
      'commit.interval.ms': '100',
      'session.timeout.ms': '1500',
      'ksql.streams.num.stream.threads': '1',
    };
    const pairs = Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
    this.#nodes = Array.from({ length: count }, (_, i) => {
      const state = ['--state-dir', join(folder, `node-${i}`), '--bootstrap-servers', `127.0.0.1:${port}`];
      return new ServerProcess('../../../bin/millrace.mjs', join(folder, `node-${i}.clock`), [...state, ...pairs]);
    });
  }

  #broker(...words: readonly string[]): void {
    const { status } = spawnSync('bash', [script, ...words], { stdio: 'inherit' });
    if (status !== 0) throw new TypeError(`broker.sh ${words[0]!} ended with ${String(status)}`);
  }
  get #brokerPid(): number {
    return Number(readFileSync(join(this.#brokerFolder, 'pid'), 'utf8'));
  }
  #startBroker(): void {
    this.#broker('start', String(port), this.#brokerFolder);
  }
  async start(): Promise<void> {
    this.#startBroker();
    await Promise.all(this.#nodes.map((node) => node.start()));
  }

  get #any(): ServerProcess {
    return this.#nodes[Math.floor(this.#random() * count)]!;
  }
  sql(text: string): Promise<Answer> {
    return this.#any.sql(text);
  }
  rows(text: string): Promise<Rows> {
    return this.#any.rows(text);
  }

  readonly faults = {
    kill: (): Promise<void> => this.#any.again('SIGKILL'),
    killTwo: async (): Promise<void> => {
      const [first, second] = [this.#any, this.#any];
      await Promise.all([first, ...(first === second ? [] : [second])].map((node) => node.again('SIGKILL')));
    },
    restart: (): Promise<void> => this.#any.again('SIGTERM'),
    rolling: async (): Promise<void> => {
      for (const node of this.#nodes) await node.again('SIGTERM');
    },
    // Up to twice the time after which the others take a member for dead.
    freeze: (): Promise<void> => this.#any.freeze(200 + this.#random() * 3000),
    clock: (): Promise<void> => Promise.resolve(this.#any.setClock(clockStep(this.#random()))),
    // Its connections stay, and nothing answers, for longer than a session.
    brokerStall: async (): Promise<void> => {
      const pid = this.#brokerPid;
      process.kill(pid, 'SIGSTOP');
      await sleep(500 + this.#random() * 4500);
      process.kill(pid, 'SIGCONT');
    },
    broker: async (): Promise<void> => {
      // Rows are still being inserted while it ends.
      process.kill(this.#brokerPid, 'SIGTERM');
      await sleep(3000 + this.#random() * 2000);
      this.#broker('stop', this.#brokerFolder);
      this.#startBroker();
    },
    morePartitions: async (): Promise<void> => {
      const { Kafka } = kafkajs;
      const admin = new Kafka({ brokers: [`127.0.0.1:${port}`], logLevel: 0 }).admin();
      await admin.connect();
      try {
        const { topics } = await admin.fetchTopicMetadata({ topics: ['m'] });
        const partitions = topics[0]!.partitions.length;
        if (partitions < 12) await admin.createPartitions({ topicPartitions: [{ topic: 'm', count: partitions + 1 }] });
      } finally {
        await admin.disconnect();
      }
    },
  };

  async stop(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.end('SIGTERM')));
    this.#broker('stop', this.#brokerFolder);
  }
}
