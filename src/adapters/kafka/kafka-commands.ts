import type { Kafka, Producer } from 'kafkajs';
import { noSpan } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import type { CommandLog } from '../../runtime/ports/node.ts';
import { recordsIn } from '../../runtime/topic-records.ts';
import type { Wire } from './wire.ts';

/** Commands in a topic of one partition: appended by whoever holds the service's transactional id, after reading to the end. */
export class KafkaCommands implements CommandLog {
  readonly #kafka: Kafka;
  readonly #wire: Wire;
  readonly #topic: string;
  readonly #writerId: string;
  #read: string[] = [];
  #offset = 0;
  #producer: Producer | undefined;

  constructor(kafka: Kafka, wire: Wire, topic: string, writerId: string) {
    this.#kafka = kafka;
    this.#wire = wire;
    this.#topic = topic;
    this.#writerId = writerId;
  }

  async append(command: string, behind: number): Promise<number> {
    await this.#producer?.disconnect().catch(() => undefined);
    const producer = this.#kafka.producer({
      transactionalId: this.#writerId,
      idempotent: true,
      maxInFlightRequests: 1,
      transactionTimeout: 10_000,
    });
    this.#producer = producer;
    await producer.connect();
    const transaction = await producer.transaction();
    try {
      // Everyone else is fenced now: what is there to read is all there is.
      await this.#readToEnd();
      if (this.#read.length - 1 !== behind)
        throw new SqlError('BAD_REQUEST', noSpan, { why: 'another node changed the catalogue meanwhile: try again' });
      await transaction.send({ topic: this.#topic, acks: -1, messages: [{ key: null, value: command, partition: 0 }] });
      await transaction.commit();
    } catch (error) {
      await transaction.abort().catch(() => undefined);
      throw error;
    }
    return behind + 1;
  }

  async readAfter(number: number): Promise<readonly { readonly number: number; readonly command: string }[]> {
    await this.#readToEnd();
    return this.#read.slice(number + 1).map((command, i) => ({ number: number + 1 + i, command }));
  }

  async #readToEnd(): Promise<void> {
    await this.#wire.watch([this.#topic]);
    const end = (await this.#wire.listOffsets(this.#topic, [0], -1)).get(0) ?? 0;
    while (this.#offset < end) {
      const [fetched] = await this.#wire.fetch(
        [{ topic: this.#topic, partition: 0, offset: this.#offset }],
        200,
        1 << 20,
      );
      if (fetched === undefined) continue;
      for (const { value } of recordsIn(fetched.batches, 0, this.#offset)) this.#read.push(value!.toString());
      if (fetched.next === this.#offset) break;
      this.#offset = fetched.next;
    }
  }

  async close(): Promise<void> {
    await this.#producer?.disconnect().catch(() => undefined);
  }
}
