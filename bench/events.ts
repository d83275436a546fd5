import { randomNumbers } from '../src/cli/payments.ts';
import { BatchWriter, setBaseOffset } from '../src/records/batch.ts';

export const userCount = 20_000;
const perBatch = 1000;
const types = ['view', 'click', 'cart', 'pay'];
const countries = ['DE', 'FR', 'US', 'BR', 'JP'];
const devices = ['ios', 'android', 'web'];

export interface BenchRecord {
  readonly key: string;
  readonly value: string;
  readonly timestamp: number;
}

/** How events spread over users and time. */
export interface EventShape {
  readonly users: number;
  /** Milliseconds from one event to the next; may be fractional. */
  readonly stepMs: number;
  /** The share of late events, 0 to 1. They are late by up to ten minutes. */
  readonly late: number;
  /** Objects of objects and arrays, of about 600 bytes, in place of flat ones. */
  readonly nested?: boolean;
}
const usualShape: EventShape = { users: userCount, stepMs: 10, late: 0 };

/** The command line's options for an `EventShape`. */
export interface SpreadOptions {
  readonly users: string;
  readonly step: string;
  readonly late: string;
}
export const shapeOf = ({ users, step, late }: SpreadOptions): EventShape => ({
  users: Number(users),
  stepMs: Number(step),
  late: Number(late),
});
const latestMs = 600_000;

/** Events like those of the peer's generator: some users are far busier than others. */
export function* benchEvents(count: number, { users, stepMs, late, nested } = usualShape): Iterable<BenchRecord> {
  const random = randomNumbers(42);
  // A generator of its own, so that lateness changes nothing but the times.
  const lateness = randomNumbers(7);
  const pick = (list: readonly string[]): string => list[Math.floor(random() * list.length)]!;
  for (let i = 0; i < count; i++) {
    const key = `u${Math.floor(users * random() ** 2)}`;
    const isLate = late > 0 && lateness() < late;
    const timestamp = 1_700_000_000_000 + Math.floor(i * stepMs) - (isLate ? Math.floor(lateness() * latestMs) : 0);
    const value =
      nested === true
        ? nestedValue(i, key, timestamp, random)
        : `{"user_id":"${key}","event_type":"${pick(types)}","amount":${Math.floor(random() * 50000) / 100},"merchant_id":"m${Math.floor(random() * 500)}","ts":${timestamp},"country":"${pick(countries)}","device":"${pick(devices)}"}`;
    yield { key, value, timestamp };
  }
}

function nestedValue(i: number, user: string, timestamp: number, random: () => number): string {
  const item = (at: number): string =>
    `{"sku":"s${(i + at) % 5000}","qty":${1 + at},"price":${((i + at * 100) % 10_000) / 100}}`;
  const country = countries[Math.floor(random() * countries.length)]!;
  const geo = `{"lat":${(i % 18_000) / 100 - 90},"lon":${(i % 36_000) / 100 - 180},"country":"${country}"}`;
  return `{"meta":{"id":"e${i}","source":"web","trace":{"a":"${i.toString(16)}","b":"0000000000"}},"user":{"id":"${user}","name":"Name of ${user}","geo":${geo},"prefs":{"lang":"en","tz":"UTC","mail":true}},"items":[${[0, 1, 2, 3].map(item).join(',')}],"payment":{"amount":${Math.floor(random() * 50_000) / 100},"currency":"EUR","card":{"kind":"visa","last4":"1234"}},"ts":${timestamp}}`;
}

/** A profile for each user. */
export function* benchProfiles(): Iterable<BenchRecord> {
  for (let u = 0; u < userCount; u++)
    yield {
      key: `u${u}`,
      value: `{"user_id":"u${u}","segment":"s${u % 7}","risk":${(u % 100) / 100}}`,
      timestamp: 1_600_000_000_000,
    };
}

/** The records as batches of one partition, with offsets from `from` on. */
export function* inBatches(records: Iterable<BenchRecord>, from = 0): Iterable<Buffer> {
  const writer = new BatchWriter();
  let offset = from;
  const finish = (): Buffer => {
    const { count } = writer;
    const batch = writer.finish();
    setBaseOffset(batch, 0, offset);
    offset += count;
    return batch;
  };
  for (const { key, value, timestamp } of records) {
    writer.add(timestamp, key, value);
    if (writer.count === perBatch) yield finish();
  }
  if (writer.count > 0) yield finish();
}
