import kafkajs, { type Consumer, type Kafka, type PartitionAssigner } from 'kafkajs';
import { Backoff } from '../../util/retry.ts';

const { AssignerProtocol } = kafkajs;

/** What the members of a group tell each other: where they are, and which partition numbers they had. */
interface MemberData {
  readonly host: string;
  readonly previous: readonly number[];
}

export interface GroupCallbacks {
  /** The partition numbers that this member runs from now on. */
  readonly onAssigned: (partitions: readonly number[]) => void;
  /** Work must stop and be committed before others take it over. */
  readonly onRebalancing: () => void;
  /** The membership was lost; it is tried again by itself. */
  readonly onCrash: (error: Error) => void;
}

/**
 * Membership of one query's consumer group. Partition numbers are dealt out whole, so that co-partitioned inputs and every
 * sub-topology of a number stay together, and members keep what they had. The consumer itself is paused: it only beats.
 */
export class QueryGroup {
  readonly #create: () => Consumer;
  readonly #topics: readonly string[];
  readonly #callbacks: GroupCallbacks;
  #consumer: Consumer;
  readonly #backoff = new Backoff({ firstMs: 200, longestMs: 10_000 });
  #previous: readonly number[] = [];
  #closed = false;

  constructor(kafka: Kafka, groupId: string, topics: readonly string[], host: string, callbacks: GroupCallbacks) {
    this.#topics = topics;
    this.#callbacks = callbacks;
    this.#create = () =>
      kafka.consumer({
        groupId,
        partitionAssigners: [assigner(() => ({ host, previous: this.#previous }))],
        sessionTimeout: 10_000,
        heartbeatInterval: 500,
        rebalanceTimeout: 15_000,
        maxWaitTimeInMs: 100,
        allowAutoTopicCreation: false,
      });
    this.#consumer = this.#create();
  }

  /** Becomes a member, now or as soon as the cluster lets it: a broker that was just started has no coordinator yet. */
  async join(): Promise<void> {
    try {
      await this.#join();
    } catch (error) {
      this.#joinAgain(error as Error);
    }
  }

  #joinAgain(error: Error): void {
    if (this.#closed) return;
    this.#callbacks.onCrash(error);
    void this.#consumer.disconnect().catch(() => undefined);
    this.#consumer = this.#create();
    setTimeout(() => {
      if (!this.#closed) void this.join();
    }, this.#backoff.next()).unref();
  }

  async #join(): Promise<void> {
    const { REBALANCING, GROUP_JOIN, CRASH } = this.#consumer.events;
    this.#consumer.on(GROUP_JOIN, ({ payload }) => {
      const assignment = payload.memberAssignment as Readonly<Record<string, readonly number[]>>;
      this.#consumer.pause(
        Object.entries(assignment).map(([topic, partitions]) => ({ topic, partitions: [...partitions] })),
      );
      this.#backoff.reset();
      this.#previous = [...new Set(Object.values(assignment).flat())].sort((a, b) => a - b);
      this.#callbacks.onAssigned(this.#previous);
    });
    this.#consumer.on(REBALANCING, () => this.#callbacks.onRebalancing());
    this.#consumer.on(CRASH, ({ payload }) => {
      if (!payload.restart) this.#joinAgain(payload.error);
    });
    await this.#consumer.connect();
    await this.#consumer.subscribe({ topics: [...this.#topics], fromBeginning: true });
    await this.#consumer.run({ autoCommit: false, eachBatch: () => Promise.resolve() });
  }

  async commit(offsets: readonly { topic: string; partition: number; offset: number }[]): Promise<void> {
    await this.#consumer.commitOffsets(
      offsets.map(({ topic, partition, offset }) => ({ topic, partition, offset: String(offset) })),
    );
  }

  async leave(): Promise<void> {
    this.#closed = true;
    await this.#consumer.disconnect().catch(() => undefined);
  }
}

function assigner(own: () => MemberData): PartitionAssigner {
  return ({ cluster }) => ({
    name: 'millrace-sticky',
    version: 1,
    assign: ({ members, topics }) => {
      const counts = new Map(topics.map((topic) => [topic, cluster.findTopicPartitionMetadata(topic).length]));
      const numbers = Array.from({ length: Math.max(0, ...counts.values()) }, (_, i) => i);
      const data = members
        .map(({ memberId, memberMetadata }) => ({ memberId, ...readMember(memberMetadata) }))
        .sort((a, b) => (a.host + a.memberId < b.host + b.memberId ? -1 : 1));
      const dealt = deal(numbers, data);
      return Promise.resolve(
        data.map(({ memberId }) => {
          const mine = dealt.get(memberId)!;
          const assignment = Object.fromEntries(
            topics.map((topic) => [topic, mine.filter((n) => n < counts.get(topic)!)]),
          );
          const hosts = Object.fromEntries(data.map((member) => [member.host, dealt.get(member.memberId)!]));
          return {
            memberId,
            memberAssignment: AssignerProtocol.MemberAssignment.encode({
              version: 1,
              assignment,
              userData: Buffer.from(JSON.stringify(hosts)),
            }),
          };
        }),
      );
    },
    protocol: ({ topics }) => ({
      name: 'millrace-sticky',
      metadata: AssignerProtocol.MemberMetadata.encode({
        version: 1,
        topics,
        userData: Buffer.from(JSON.stringify(own())),
      }),
    }),
  });
}

function readMember(metadata: Buffer): MemberData {
  const text = AssignerProtocol.MemberMetadata.decode(metadata)?.userData.toString() ?? '';
  return text === '' ? { host: '', previous: [] } : (JSON.parse(text) as MemberData);
}

/** Everyone keeps what they had up to a fair share; the rest goes to whoever has least. */
function deal(
  numbers: readonly number[],
  members: readonly ({ readonly memberId: string } & MemberData)[],
): Map<string, number[]> {
  const result = new Map(members.map(({ memberId }) => [memberId, [] as number[]]));
  const free = new Set(numbers);
  const share = Math.ceil(numbers.length / members.length);
  for (const { memberId, previous } of members) {
    const mine = result.get(memberId)!;
    for (const n of previous) if (mine.length < share && free.delete(n)) mine.push(n);
  }
  for (const n of free) {
    const [, least] = [...result].reduce((best, each) => (each[1].length < best[1].length ? each : best));
    least.push(n);
  }
  for (const mine of result.values()) mine.sort((a, b) => a - b);
  return result;
}
