import kafkajs from 'kafkajs';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Link } from './link.ts';
import { clockStep, ServerProcess, type Answer, type Nodes, type Rows } from './nodes.ts';

const count = 3;
const port = Number(process.env['MILLRACE_CHAOS_PORT'] ?? 29_592);
/** Of each node's way to the broker: the port that it knows, and the broker's behind it. */
const links = Array.from({ length: count }, (_, i) => [port + 10 + i, port + 20 + i] as const);
const script = join(import.meta.dirname, '../../../test/cluster/broker/broker.sh');

/** Three nodes of a cluster and their broker. Who asks is answered by any of them. */
export class KafkaNodes implements Nodes {
  readonly #random: () => number;
  readonly #brokerFolder: string;
  readonly #nodes: readonly ServerProcess[];
  readonly #links: readonly Link[];

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
    this.#links = links.map(([from, to]) => new Link(from, to));
    this.#nodes = links.map(([from], i) => {
      const state = ['--state-dir', join(folder, `node-${i}`), '--bootstrap-servers', `127.0.0.1:${from}`];
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
    this.#broker('start', String(port), this.#brokerFolder, ...links.map((ports) => ports.join(':')));
  }
  async start(): Promise<void> {
    this.#startBroker();
    for (const link of this.#links) await link.ready();
    await Promise.all(this.#nodes.map((node) => node.start()));
  }

  get #any(): ServerProcess {
    return this.#nodes[Math.floor(this.#random() * count)]!;
  }
  get #anyLink(): Link {
    return this.#links[Math.floor(this.#random() * count)]!;
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
    // One node alone is away, for up to four times a session: others take its tasks, and it comes back with what it had in hand.
    cut: (): Promise<void> => this.#anyLink.cut(200 + this.#random() * 5800),
    silence: (): Promise<void> => this.#anyLink.silence(500 + this.#random() * 4500),
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
    for (const link of this.#links) link.close();
  }
}
