import { setTimeout as sleep } from 'node:timers/promises';
import { noSpan } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import { CommandRaced, type CommandLog, type NumberedCommand, type TopicSettings } from '../../runtime/ports/node.ts';
import { recordsIn } from '../../runtime/topic-records.ts';
import { AutoResetEvent } from '../../util/auto-reset-event.ts';
import { retry } from '../../util/retry.ts';
import type { BrokerContact } from './broker-contact.ts';
import { TaskProducer } from './task-producer.ts';
import { WireError } from './wire-error.ts';
import type { Wire } from './wire.ts';

const tailMs = 500;
const pauseMs = 50;

/** The command topic: one partition, and nothing of it is ever deleted. */
export const commandTopicSettings: TopicSettings = {
  partitions: 1,
  replicas: undefined,
  config: { 'retention.ms': '-1', 'cleanup.policy': 'delete' },
};
export const processingLogSettings: TopicSettings = { partitions: 1, replicas: undefined, config: {} };

/**
 * Commands in a topic of one partition, which is followed: what any node appends is known here at once. Whoever holds the service's
 * transactional id appends; who takes it from another one reads to the end first.
 */
export class KafkaCommands implements CommandLog {
  readonly #wire: Wire;
  readonly #topic: string;
  readonly #writerId: string;
  readonly #contact: BrokerContact;
  /** Those that were read and not applied yet, and how many came before them. */
  #read: string[] = [];
  #applied = 0;
  readonly #advanced = new AutoResetEvent();
  #offset = 0;
  #producer: TaskProducer | undefined;
  #onCommands: () => void = () => undefined;
  #tail: Promise<void> | undefined;
  #closed = false;

  constructor(wire: Wire, topic: string, writerId: string, contact: BrokerContact) {
    this.#wire = wire;
    this.#topic = topic;
    this.#writerId = writerId;
    this.#contact = contact;
  }

  /** Begins to follow the topic. */
  async open(): Promise<void> {
    await this.#wire.watch([this.#topic]);
    await this.#requireRead();
    this.#contact.begin();
    this.#tail = this.#follow();
  }

  /** A node that may not read its commands would wait for them without end. */
  async #requireRead(): Promise<void> {
    const want = { topic: this.#topic, partition: 0, offset: this.#offset };
    const [fetched] = await this.#wire.fetch([want], 0, 1 << 10);
    fetched?.lease.release();
    if (fetched?.isForbidden === true) throw new SqlError('BROKER_FORBIDS', noSpan, { why: fetched.trouble! });
  }

  async #follow(): Promise<void> {
    while (!this.#closed) {
      const asked = performance.now();
      try {
        const isEmpty = await this.#take();
        this.#contact.heard();
        // An answer without data that comes early is one of a partition that has moved, or is away.
        if (isEmpty && performance.now() - asked < pauseMs) await sleep(pauseMs);
      } catch (error) {
        if (this.#closed) return;
        this.#contact.failed(error);
        await sleep(pauseMs);
        await this.#wire.refresh();
      }
    }
  }
  async #take(): Promise<boolean> {
    const want = { topic: this.#topic, partition: 0, offset: this.#offset };
    const [fetched] = await this.#wire.fetch([want], tailMs, 1 << 20);
    if (fetched === undefined) return true;
    const known = this.#read.length;
    for (const { value } of recordsIn(fetched.batches, 0, this.#offset)) this.#read.push(value!.toString());
    fetched.lease.release();
    this.#offset = fetched.next;
    this.#advanced.set();
    if (this.#read.length > known) this.#onCommands();
    return fetched.trouble !== undefined;
  }

  follow(onCommands: () => void): void {
    this.#onCommands = onCommands;
  }
  /** What is up to this number is applied, and not asked for again. */
  known(number: number): readonly NumberedCommand[] {
    // One that was appended here is applied before the topic shows it.
    const done = Math.min(this.#read.length, Math.max(0, number + 1 - this.#applied));
    this.#read = this.#read.slice(done);
    this.#applied += done;
    return this.#read.map((command, i) => ({ number: this.#applied + i, command }));
  }
  /** The number of the last one that was read. */
  get #last(): number {
    return this.#applied + this.#read.length - 1;
  }
  readAfter(number: number): Promise<readonly NumberedCommand[]> {
    return this.#contact.need(async () => {
      await this.#readToEnd();
      return this.known(number);
    });
  }
  async #readToEnd(): Promise<void> {
    const end = (await this.#wire.listOffsets(this.#topic, [0], -1)).get(0) ?? 0;
    while (this.#offset < end && !this.#closed) await this.#advanced.wait(pauseMs);
  }

  async append(command: string, behind: number): Promise<number> {
    let isGivenUp = false;
    let isCommitting = false;
    const beforeCommit = (): void => {
      if (isGivenUp) throw new WireError(-1, 'the command came too late');
      isCommitting = true;
    };
    const mayGiveUp = (): boolean => {
      isGivenUp = !isCommitting;
      return isGivenUp;
    };
    try {
      await this.#contact.need(() => this.#append(command, behind, beforeCommit), mayGiveUp);
    } catch (error) {
      throw error instanceof WireError && error.isOvertaken ? new CommandRaced() : error;
    }
    return behind + 1;
  }

  async #append(command: string, behind: number, beforeCommit: () => void): Promise<void> {
    // The transactional id is kept between commands: it is lost to the next node that appends one.
    const producer = await this.#begin(command, behind);
    try {
      beforeCommit();
    } catch (error) {
      this.#producer = undefined;
      throw error;
    }
    try {
      await producer.commit(new Map());
    } catch (error) {
      this.#producer = undefined;
      if (!(await this.#wasCommitted(command, behind))) throw error;
    }
  }
  async #begin(command: string, behind: number): Promise<TaskProducer> {
    const known = this.#producer;
    this.#producer = undefined;
    if (known !== undefined) {
      try {
        return await this.#write(known, command, behind);
      } catch (error) {
        if (error instanceof CommandRaced) throw error;
      }
    }
    const producer = new TaskProducer(this.#wire, this.#writerId);
    await producer.init();
    // All other writers are fenced now, so nothing can be appended after this read.
    await this.#readToEnd();
    return this.#write(producer, command, behind);
  }
  async #write(producer: TaskProducer, command: string, behind: number): Promise<TaskProducer> {
    // The broker shows a command a little after it has confirmed its commit: what was applied here comes by itself.
    while (this.#last < behind && !this.#closed) await this.#advanced.wait(pauseMs);
    if (this.#last !== behind) throw new CommandRaced();
    producer.add(this.#topic, 0, Date.now(), null, command);
    await producer.flush();
    this.#producer = producer;
    return producer;
  }
  /** After a commit whose answer was lost: the next holder of the id ends the transaction, and then the topic tells. */
  async #wasCommitted(command: string, behind: number): Promise<boolean> {
    const look = async (): Promise<boolean> => {
      await new TaskProducer(this.#wire, this.#writerId).init();
      await this.#readToEnd();
      return this.#read[behind + 1 - this.#applied] === command;
    };
    return retry(look, { retries: 60, firstMs: 100, longestMs: 500 });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#tail;
  }
}
