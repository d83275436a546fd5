import kafkajs, { type Consumer, type Kafka, type PartitionAssigner } from 'kafkajs';
import { randomBytes, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Backoff } from '../../util/retry.ts';
import { explained, quoted } from './broker-rights.ts';
import type { HeartbeatPace, RestingMember } from './heartbeat-pace.ts';
import type { JoiningProtocol, Resting } from './kafkajs-internals.ts';

const { AssignerProtocol } = kafkajs;

/** How long a member that leaves waits for the answer to its joining. */
const leaveMs = 5000;

/** A node as it presents itself to the others of a group. */
export interface Member {
  readonly host: string;
  /** Unique to the process. */
  readonly node: string;
  /** Where the others ask it for rows; undefined when it cannot be asked. */
  readonly listener: string | undefined;
  /** What shows that who asks is of the group. */
  readonly token: string;
}
/** This process as a member. */
export const memberOf = (listener: string | undefined): Member => ({
  host: `${hostname()}:${process.pid}`,
  node: randomUUID(),
  listener,
  token: randomBytes(24).toString('base64url'),
});
/** What members tell each other: who they are, the partition numbers that they had, and those whose state they keep for others. */
export interface MemberData extends Member {
  readonly previous: readonly number[];
  readonly standbys: readonly number[];
}

interface GroupOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly member: Member;
  /** How long a member may be silent. */
  readonly sessionMs: number;
  /** When the members of this node's groups send heartbeats. */
  readonly pace: HeartbeatPace;
  /** How many members beside the one that runs a task keep its state. */
  readonly replicas: number;
}
export interface GroupCallbacks {
  /** The partition numbers that this member runs from now on. */
  readonly onAssigned: (partitions: readonly number[]) => void;
  /** Tasks must stop and commit before other members take them over: resolves when they have. */
  readonly onRebalancing: () => Promise<void>;
  /** The membership was lost; joining is retried without a call. */
  readonly onCrash: (error: Error) => void;
}

/**
 * One query's membership in its consumer group. Partition numbers are assigned as a whole, so that co-partitioned inputs and
 * all sub-topologies of a number are on one member; members keep their numbers if they can. The consumer itself is paused and
 * only sends heartbeats.
 */
export class QueryGroup {
  readonly #create: () => Consumer;
  readonly #groupId: string;
  readonly #topics: readonly string[];
  readonly #callbacks: GroupCallbacks;
  readonly #pace: HeartbeatPace;
  readonly #resting = new WeakMap<Consumer, RestingMember>();
  #consumer: Consumer;
  /** Settles when the consumer is a member, or has failed to be one. */
  #joining: Promise<unknown> = Promise.resolve();
  /** Whether the last failure of a member is one that another attempt may not meet. */
  #mayPass = false;
  readonly #backoff = new Backoff({ firstMs: 200, longestMs: 2000 });
  #pause: NodeJS.Timeout | undefined;
  #previous: readonly number[] = [];
  /** The partition numbers whose state this member keeps for others. */
  standbys: readonly number[] = [];
  #closed = false;

  constructor(
    kafka: Kafka,
    { groupId, topics, member, sessionMs, replicas, pace }: GroupOptions,
    callbacks: GroupCallbacks,
  ) {
    this.#pace = pace;
    this.#groupId = groupId;
    this.#topics = topics;
    this.#callbacks = callbacks;
    this.#create = () => {
      const resting = pace.open();
      const consumer = kafka.consumer({
        groupId,
        partitionAssigners: [
          assigner(
            replicas,
            () => ({ ...member, previous: this.#previous, standbys: this.standbys }),
            // A member that sends no heartbeats for as long as its session is taken for dead.
            () => Promise.race([callbacks.onRebalancing(), sleep(sessionMs / 2, undefined, { ref: false })]),
            resting,
          ),
        ],
        sessionTimeout: sessionMs,
        // Each time that it has rested.
        heartbeatInterval: 0,
        rebalanceTimeout: 15_000,
        allowAutoTopicCreation: false,
        retry: {
          retries: 5,
          // One that the library restarts by itself joins behind the back of who has left meanwhile.
          restartOnFailure: () => {
            this.#mayPass = true;
            return Promise.resolve(false);
          },
        },
      });
      this.#resting.set(consumer, resting);
      return consumer;
    };
    this.#consumer = this.#create();
  }

  /** Joins the group, retrying while the broker has no coordinator, as after its start. */
  async join(): Promise<void> {
    if (this.#closed) return;
    const consumer = this.#consumer;
    try {
      await this.#join(consumer);
    } catch (error) {
      if (this.#isCurrent(consumer)) this.#joinAgain(this.#explained(error as Error));
    }
    if (!this.#isCurrent(consumer)) await this.#disconnect(consumer);
  }
  #isCurrent(consumer: Consumer): boolean {
    return !this.#closed && this.#consumer === consumer;
  }

  #explained(error: Error): Error {
    const rights = { group: `READ on group "${this.#groupId}"`, topic: `READ on topics ${quoted(this.#topics)}` };
    return explained(error, rights) as Error;
  }
  #joinAgain(error: Error): void {
    if (this.#closed) return;
    if (!this.#mayPass) this.#callbacks.onCrash(error);
    this.#mayPass = false;
    void this.#disconnect(this.#consumer);
    this.#consumer = this.#create();
    this.#pause = setTimeout(() => this.tryNow(), this.#backoff.next());
    this.#pause.unref();
  }
  /** Ends the pause before the next attempt to join, because the broker answers again. */
  tryNow(): void {
    if (this.#pause === undefined) return;
    clearTimeout(this.#pause);
    this.#pause = undefined;
    this.#backoff.reset();
    void this.join();
  }
  /** Joins anew, with what the cluster knows now of the topics. */
  async rejoin(): Promise<void> {
    const before = this.#consumer;
    this.#consumer = this.#create();
    await this.#end(before);
    await this.join();
  }

  async #join(consumer: Consumer): Promise<void> {
    const { REBALANCING, GROUP_JOIN, CRASH } = consumer.events;
    consumer.on(GROUP_JOIN, ({ payload }) => {
      const assignment = payload.memberAssignment as Readonly<Record<string, readonly number[]>>;
      consumer.pause(Object.entries(assignment).map(([topic, partitions]) => ({ topic, partitions: [...partitions] })));
      if (!this.#isCurrent(consumer)) return;
      this.#backoff.reset();
      this.#previous = [...new Set(Object.values(assignment).flat())].sort((a, b) => a - b);
      this.#callbacks.onAssigned(this.#previous);
    });
    consumer.on(REBALANCING, () => {
      this.#pace.changed();
      if (this.#isCurrent(consumer)) void this.#callbacks.onRebalancing();
    });
    consumer.on(CRASH, ({ payload }) => {
      if (this.#isCurrent(consumer)) this.#joinAgain(this.#explained(payload.error));
    });
    await consumer.connect();
    if (!this.#isCurrent(consumer)) return;
    await consumer.subscribe({ topics: [...this.#topics], fromBeginning: true });
    if (!this.#isCurrent(consumer)) return;
    const joining = consumer.run({ autoCommit: false, eachBatch: () => Promise.resolve() });
    this.#joining = joining.catch(() => undefined);
    await joining;
  }

  /** Leaves the group. The library's consumer does not, while it joins: it would stay a member, or become one again. */
  async #end(consumer: Consumer): Promise<void> {
    await Promise.race([this.#joining, sleep(leaveMs, undefined, { ref: false })]);
    await this.#disconnect(consumer);
  }
  async #disconnect(consumer: Consumer): Promise<void> {
    const disconnected = consumer.disconnect();
    this.#resting.get(consumer)?.close();
    await disconnected.catch(() => undefined);
  }

  async commit(offsets: readonly { topic: string; partition: number; offset: number }[]): Promise<void> {
    await this.#consumer.commitOffsets(
      offsets.map(({ topic, partition, offset }) => ({ topic, partition, offset: String(offset) })),
    );
  }

  async leave(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#pause);
    await this.#end(this.#consumer);
  }
}

function assigner(
  replicas: number,
  own: () => MemberData,
  ready: () => Promise<void>,
  resting: Resting,
): PartitionAssigner {
  return ({ cluster }) => ({
    resting,
    name: 'millrace-sticky',
    version: 1,
    assign: ({ members, topics }) => {
      const counts = new Map(topics.map((topic) => [topic, cluster.findTopicPartitionMetadata(topic).length]));
      const numbers = Array.from({ length: Math.max(0, ...counts.values()) }, (_, i) => i);
      const data = members
        .map(({ memberId, memberMetadata }) => ({ memberId, ...readMember(memberMetadata) }))
        .sort((a, b) => (a.host + a.memberId < b.host + b.memberId ? -1 : 1));
      const dealt = deal(numbers, data);
      const standbys = dealStandbys(numbers, data, dealt, replicas);
      return Promise.resolve(
        data.map(({ memberId }) => {
          const mine = dealt.get(memberId)!;
          const assignment = Object.fromEntries(
            topics.map((topic) => [topic, mine.filter((n) => n < counts.get(topic)!)]),
          );
          return {
            memberId,
            memberAssignment: AssignerProtocol.MemberAssignment.encode({
              version: 1,
              assignment,
              userData: Buffer.from(JSON.stringify({ standbys: standbys.get(memberId) })),
            }),
          };
        }),
      );
    },
    protocol: ({ topics }): JoiningProtocol => ({
      name: 'millrace-sticky',
      metadata: AssignerProtocol.MemberMetadata.encode({
        version: 1,
        topics,
        userData: Buffer.from(JSON.stringify(own())),
      }),
      ready: ready(),
    }),
  });
}

/** What a member tells of itself; a member of an older version says less. */
export function readMember(metadata: Buffer): MemberData {
  const text = AssignerProtocol.MemberMetadata.decode(metadata)?.userData.toString() ?? '';
  const unknown: MemberData = { host: '', node: '', listener: undefined, token: '', previous: [], standbys: [] };
  return text === '' ? unknown : { ...unknown, ...(JSON.parse(text) as Partial<MemberData>) };
}

/** The partition numbers whose state a member keeps for others, as its assignment says. */
export function readStandbys(userData: Buffer | undefined): readonly number[] {
  const text = userData?.toString() ?? '';
  return text === '' ? [] : ((JSON.parse(text) as Partial<MemberData>).standbys ?? []);
}

type GroupMember = { readonly memberId: string } & Pick<MemberData, 'previous' | 'standbys'>;

/**
 * Members keep their numbers up to an equal share; the others go to members that have kept their state, or else to those with the
 * fewest.
 */
export function deal(numbers: readonly number[], members: readonly GroupMember[]): Map<string, number[]> {
  const result = new Map(members.map(({ memberId }) => [memberId, [] as number[]]));
  const free = new Set(numbers);
  const share = Math.ceil(numbers.length / members.length);
  for (const { memberId, previous } of members) {
    const mine = result.get(memberId)!;
    for (const n of previous) if (mine.length < share && free.delete(n)) mine.push(n);
  }
  for (const { memberId, standbys } of members) {
    const mine = result.get(memberId)!;
    for (const n of standbys) if (mine.length < share && free.delete(n)) mine.push(n);
  }
  for (const n of free) {
    const [, least] = [...result].reduce((best, candidate) =>
      candidate[1].length < best[1].length ? candidate : best,
    );
    least.push(n);
  }
  for (const mine of result.values()) mine.sort((a, b) => a - b);
  return result;
}

/**
 * The members that keep the state of each number beside the one that runs it: those that have it already, or else those with the
 * fewest.
 */
export function dealStandbys(
  numbers: readonly number[],
  members: readonly GroupMember[],
  owned: ReadonlyMap<string, readonly number[]>,
  replicas: number,
): Map<string, number[]> {
  const result = new Map(members.map(({ memberId }) => [memberId, [] as number[]]));
  const most = Math.ceil((numbers.length * Math.min(replicas, members.length - 1)) / members.length);
  for (const n of numbers) {
    const others = members.filter(({ memberId }) => !owned.get(memberId)!.includes(n));
    const load = ({ memberId }: GroupMember): number => result.get(memberId)!.length;
    const hasState = ({ previous, standbys }: GroupMember): boolean => previous.includes(n) || standbys.includes(n);
    const rank = (member: GroupMember): number => (hasState(member) && load(member) < most ? -1 : load(member));
    const chosen = [...others].sort((a, b) => rank(a) - rank(b)).slice(0, replicas);
    for (const { memberId } of chosen) result.get(memberId)!.push(n);
  }
  return result;
}
