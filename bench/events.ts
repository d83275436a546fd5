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

/** Events like those of the peer's generator: 20,000 users, some far busier than others, ten milliseconds apart. */
export function* benchEvents(count: number): Iterable<BenchRecord> {
  const random = randomNumbers(42);
  const one = (list: readonly string[]): string => list[Math.floor(random() * list.length)]!;
  for (let i = 0; i < count; i++) {
    const key = `u${Math.floor(userCount * random() ** 2)}`;
    const timestamp = 1_700_000_000_000 + i * 10;
    const value = `{"user_id":"${key}","event_type":"${one(types)}","amount":${Math.floor(random() * 50000) / 100},"merchant_id":"m${Math.floor(random() * 500)}","ts":${timestamp},"country":"${one(countries)}","device":"${one(devices)}"}`;
    yield { key, value, timestamp };
  }
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

/** The records as batches of one partition. */
export function* inBatches(records: Iterable<BenchRecord>): Iterable<Buffer> {
  const writer = new BatchWriter();
  let offset = 0;
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
