import { expect } from 'vitest';
import { partitionOf } from '../../src/records/murmur2.ts';
import type { KillRun, NumberedEvent } from './counting.ts';
import { createTopic, readAll, untilRead } from './support.ts';

const partitions = 4;
const graceMs = 1000;
const steps = ['view', 'cart', 'buy'] as const;

interface Step extends NumberedEvent {
  readonly id: number;
  readonly step: string;
}

/**
 * One run of a pattern over steps of users that come up to a second late: as they come, and in order of time. What is found is what a
 * search by hand over the rows of each user finds, each match once.
 */
export class PatternRun implements KillRun {
  readonly topic: string;
  readonly service: string;
  readonly events: readonly Step[];
  readonly #stamp: string;

  constructor(stamp: string, count: number, random: () => number) {
    this.#stamp = stamp;
    this.topic = `steps_${stamp}`;
    this.service = `steps${stamp}_`;
    const late = Array.from({ length: count }, (_, id) => {
      const key = `u${Math.floor(500 * random())}`;
      const step = steps[Math.floor(steps.length * random())]!;
      const timestamp = 1_700_000_000_000 + id * 20;
      const event = { id, step, key, partition: partitionOf(key, partitions), timestamp };
      return { at: timestamp + (graceMs - 1) * random(), event: { ...event, value: `{"id":${id},"step":"${step}"}` } };
    });
    this.events = late.sort((a, b) => a.at - b.at).map(({ event }) => event);
  }

  createTopic(): Promise<void> {
    return createTopic(this.topic, partitions);
  }
  get statements(): string {
    const found = (name: string, grace: string, emit: string): string =>
      `CREATE STREAM ${name} WITH (KAFKA_TOPIC='${name}_${this.#stamp}', RETENTION_MS=-1) AS SELECT * FROM steps MATCH_RECOGNIZE (
      PARTITION BY k ORDER BY ROWTIME MEASURES FIRST(id) AS began, LAST(id) AS ended
      PATTERN (viewed+ carted bought)${grace}
      DEFINE viewed AS step = 'view', carted AS step = 'cart', bought AS step = 'buy') EMIT ${emit};`;
    return `CREATE STREAM steps (k STRING KEY, id BIGINT, step STRING) WITH (KAFKA_TOPIC='${this.topic}', VALUE_FORMAT='JSON');
    ${found('arrived', '', 'CHANGES')}
    ${found('settled', ` GRACE PERIOD ${graceMs} MILLISECONDS`, 'FINAL')}`;
  }
  get paced(): string {
    return this.#group('CSAS_SETTLED_1');
  }
  #group(query: string): string {
    return `_millrace-${this.service}query_${query}`;
  }

  /** Waits until both queries have read everything; then each has found what it must, once. */
  async verify(): Promise<string> {
    for (const query of ['CSAS_ARRIVED_0', 'CSAS_SETTLED_1'])
      await untilRead(this.#group(query), this.topic, this.events.length);
    const found = async (name: string): Promise<string[]> =>
      (await readAll(`${name}_${this.#stamp}`))
        .map(({ value }) => {
          const { BEGAN, ENDED } = JSON.parse(value!.toString()) as { BEGAN: number; ENDED: number };
          return `${BEGAN} ${ENDED}`;
        })
        .sort();
    const streamTimes = Array.from({ length: partitions }, (_, partition) =>
      this.events.reduce((most, event) => (event.partition === partition ? Math.max(most, event.timestamp) : most), 0),
    );
    const passed = this.events.filter(({ partition, timestamp }) => timestamp < streamTimes[partition]! - graceMs);
    const inOrder = passed.toSorted((a, b) => a.timestamp - b.timestamp);
    const wanted = { arrived: funnels(this.events), settled: funnels(inOrder) };
    expect(await found('arrived')).toEqual(wanted.arrived);
    expect(await found('settled')).toEqual(wanted.settled);
    return `${wanted.arrived.length} matches as they came, ${wanted.settled.length} in order of time`;
  }
}

/** Views, then a cart, then a purchase, without another row of the user between. */
function funnels(events: readonly Step[]): string[] {
  const open = new Map<string, { readonly began: number; readonly isInCart: boolean }>();
  const found: string[] = [];
  for (const { key, id, step } of events) {
    const at = open.get(key);
    open.delete(key);
    if (step === 'view') open.set(key, { began: at === undefined || at.isInCart ? id : at.began, isInCart: false });
    else if (step === 'cart' && at?.isInCart === false) open.set(key, { began: at.began, isInCart: true });
    else if (step === 'buy' && at?.isInCart === true) found.push(`${at.began} ${id}`);
  }
  return found.sort();
}
