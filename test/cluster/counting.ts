import { expect } from 'vitest';
import { partitionOf } from '../../src/records/murmur2.ts';
import { createTopic, readAll, untilRead } from './support.ts';

const partitions = 4;
const sizeMs = 60_000;
const advanceMs = 20_000;

export interface NumberedEvent {
  readonly key: string;
  readonly partition: number;
  readonly value: string;
  readonly timestamp: number;
}
/** Queries over numbered events whose results are known without Millrace, to be run while nodes die. */
export interface KillRun {
  readonly topic: string;
  readonly service: string;
  readonly events: readonly NumberedEvent[];
  readonly statements: string;
  /** The group of the query whose progress tells when to kill. */
  readonly paced: string;
  createTopic(): Promise<void>;
  /** Waits until all queries have read everything; fails unless their results are what they must be. Says what was compared. */
  verify(): Promise<string>;
}

/**
 * One run of queries over numbered events whose results are known without Millrace: a copy, hopping counts, and a join of each
 * event with itself.
 */
export class CountingRun implements KillRun {
  readonly topic: string;
  readonly service: string;
  readonly events: readonly NumberedEvent[];
  readonly #stamp: string;

  constructor(stamp: string, count: number, random: () => number) {
    this.#stamp = stamp;
    this.topic = `kill_${stamp}`;
    this.service = `kill${stamp}_`;
    this.events = Array.from({ length: count }, (_, i) => {
      const key = `u${Math.floor(500 * random())}`;
      return {
        key,
        partition: partitionOf(key, partitions),
        value: `{"id":${i}}`,
        timestamp: 1_700_000_000_000 + i * 20,
      };
    });
  }

  createTopic(): Promise<void> {
    return createTopic(this.topic, partitions);
  }
  get statements(): string {
    return `CREATE STREAM events (k STRING KEY, id BIGINT) WITH (KAFKA_TOPIC='${this.topic}', VALUE_FORMAT='JSON');
    CREATE STREAM copies WITH (KAFKA_TOPIC='copies_${this.#stamp}', RETENTION_MS=-1) AS SELECT k, id FROM events EMIT CHANGES;
    CREATE TABLE counts WITH (KAFKA_TOPIC='counts_${this.#stamp}', RETENTION_MS=-1) AS SELECT k, COUNT(*) AS n FROM events WINDOW HOPPING (SIZE 60 SECONDS, ADVANCE BY 20 SECONDS) GROUP BY k EMIT CHANGES;
    CREATE STREAM selves WITH (KAFKA_TOPIC='selves_${this.#stamp}', RETENTION_MS=-1) AS SELECT a.k AS k, a.id AS id FROM events a JOIN events b WITHIN 1 SECOND ON a.k = b.k WHERE a.id = b.id EMIT CHANGES;`;
  }
  get paced(): string {
    return this.#groups[1];
  }
  /** The groups of the copy, of the counts, and of the two readers of the join. */
  get #groups(): readonly [string, string, string, string] {
    const group = (query: string): string => `_millrace-${this.service}query_${query}`;
    const selves = group('CSAS_SELVES_2');
    return [group('CSAS_COPIES_0'), group('CTAS_COUNTS_1'), selves, `${selves}-reader-1`];
  }

  /** What every window must count. */
  #expectedCounts(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { key, timestamp } of this.events) {
      for (
        let start = Math.floor(timestamp / advanceMs) * advanceMs;
        start > timestamp - sizeMs && start >= 0;
        start -= advanceMs
      ) {
        const name = `${key}/${start}`;
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
    }
    return counts;
  }

  /** Waits until all queries have read everything; then every event was copied and joined once, and every window counts what it must. */
  async verify(): Promise<string> {
    const { length } = this.events;
    for (const group of this.#groups) await untilRead(group, this.topic, length);
    const ids = async (name: string): Promise<number[]> =>
      (await readAll(`${name}_${this.#stamp}`)).map(
        ({ value }) => (JSON.parse(value!.toString()) as { ID: number }).ID,
      );
    const copies = await ids('copies');
    const selves = await ids('selves');
    const finals = new Map<string, number>();
    for (const { key, value } of await readAll(`counts_${this.#stamp}`)) {
      finals.set(
        `${key!.subarray(0, -8).toString()}/${key!.readBigInt64BE(key!.length - 8)}`,
        (JSON.parse(value!.toString()) as { N: number }).N,
      );
    }
    const expected = this.#expectedCounts();
    const wrong = [...expected].filter(([name, count]) => finals.get(name) !== count);
    expect([copies.length, new Set(copies).size]).toEqual([length, length]);
    expect([selves.length, new Set(selves).size]).toEqual([length, length]);
    expect(wrong.slice(0, 5)).toEqual([]);
    expect(finals.size).toBe(expected.size);
    return `${copies.length} copies, ${finals.size} windows`;
  }
}
