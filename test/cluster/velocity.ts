import { expect } from 'vitest';
import { partitionOf } from '../../src/records/murmur2.ts';
import type { KillRun, NumberedEvent } from './counting.ts';
import { createTopic, readAll, untilRead } from './support.ts';

const partitions = 4;
const frames = { m1: 60_000, m5: 300_000, h1: 3_600_000, h24: 86_400_000 };

/** An event of a key, with what all of its frames count and sum when it arrives. */
interface Payment extends NumberedEvent {
  readonly expected: string;
}

/**
 * One run of a view of payments: count and sum over four frames, some events being late by up to ten minutes. Every tenth event is of
 * one user. Amounts are quarters, whose sums have no rounding.
 */
export class VelocityRun implements KillRun {
  readonly topic: string;
  readonly service: string;
  readonly events: readonly Payment[];
  readonly #stamp: string;

  constructor(stamp: string, count: number, random: () => number) {
    this.#stamp = stamp;
    this.topic = `pay_${stamp}`;
    this.service = `pay${stamp}_`;
    const histories = new Map<string, { readonly time: number; readonly amount: number }[]>();
    const step = Math.ceil((1.2 * frames.h24) / count);
    this.events = Array.from({ length: count }, (_, i) => {
      const key = `u${random() < 0.1 ? 0 : Math.floor(500 * random())}`;
      const amount = Math.floor(4000 * random()) / 4;
      const late = random() < 0.1 ? Math.floor(600_000 * random()) : 0;
      const timestamp = 1_700_000_000_000 + i * step - late;
      let history = histories.get(key);
      if (history === undefined) histories.set(key, (history = []));
      let at = history.length;
      while (at > 0 && history[at - 1]!.time > timestamp) at--;
      history.splice(at, 0, { time: timestamp, amount });
      const values = Object.values(frames).flatMap((frame) => {
        let [n, sum] = [0, 0];
        for (let j = at; j >= 0 && history[j]!.time >= timestamp - frame; j--) {
          n++;
          sum += history[j]!.amount;
        }
        return [n, sum];
      });
      return {
        key,
        partition: partitionOf(key, partitions),
        value: `{"id":${i},"amount":${amount}}`,
        timestamp,
        expected: values.join(),
      };
    });
  }

  createTopic(): Promise<void> {
    return createTopic(this.topic, partitions);
  }
  get statements(): string {
    const calls = Object.keys(frames).map(
      (name) => `COUNT(*) OVER ${name} AS n_${name}, SUM(amount) OVER ${name} AS s_${name}`,
    );
    const windows = Object.entries(frames).map(
      ([name, ms]) =>
        `${name} AS (PARTITION BY k ORDER BY ROWTIME RANGE BETWEEN INTERVAL '${ms / 1000}' SECONDS PRECEDING AND CURRENT ROW)`,
    );
    return `CREATE STREAM pay (k STRING KEY, id BIGINT, amount DOUBLE) WITH (KAFKA_TOPIC='${this.topic}', VALUE_FORMAT='JSON');
    CREATE FEATURE VIEW velocity ENTITY KEY (k) WITH (KAFKA_TOPIC='velocity_${this.#stamp}', RETENTION_MS=-1) AS SELECT k, id, ${calls.join(', ')} FROM pay WINDOW ${windows.join(', ')} EMIT CHANGES;`;
  }
  get paced(): string {
    return `_millrace-${this.service}query_FEATURE_VIEW_VELOCITY_0`;
  }

  /** Waits until the view has read everything; then every event has one row, and its values. */
  async verify(): Promise<string> {
    const { length } = this.events;
    await untilRead(this.paced, this.topic, length);
    const rows = (await readAll(`velocity_${this.#stamp}`)).map(({ value }) => {
      const { ID, ...values } = JSON.parse(value!.toString()) as Record<string, number>;
      return { id: ID!, values: Object.values(values).join() };
    });
    const wrong = rows.filter(({ id, values }) => values !== this.events[id]!.expected);
    expect([rows.length, new Set(rows.map(({ id }) => id)).size]).toEqual([length, length]);
    expect(wrong.slice(0, 5).map(({ id, values }) => [id, values, this.events[id]!.expected])).toEqual([]);
    return `${rows.length} rows, ${rows.length * 8} values`;
  }
}
