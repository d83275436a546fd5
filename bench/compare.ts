import { KafkaReader } from '../src/adapters/kafka/kafka-reader.ts';
import { Wire } from '../src/adapters/kafka/wire.ts';
import type { TopicRecord } from '../src/runtime/ports/node.ts';

async function* recordsOf(brokers: string, topic: string): AsyncIterable<TopicRecord> {
  const reader = await KafkaReader.open(
    new Wire({ 'bootstrap.servers': brokers }, 'bench-compare'),
    topic,
    'beginning',
  );
  while (!reader.caughtUp) yield* await reader.poll(100_000, 200);
  reader.close();
}

type Totals = Map<string, { readonly c: number; readonly s: number }>;

async function finals(brokers: string, topic: string): Promise<Totals> {
  const last: Totals = new Map();
  for await (const { key, value } of recordsOf(brokers, topic)) {
    const { C, S } = JSON.parse(value!.toString()) as { C: number; S: number };
    last.set(key!.toString('latin1'), { c: C, s: S });
  }
  return last;
}
async function count(brokers: string, topic: string): Promise<number> {
  let records = 0;
  for await (const _ of recordsOf(brokers, topic)) records++;
  return records;
}

/**
 * Whether two engines did the same work: as many records of filter and enrich, and for the aggregates the same last count and sum
 * of every key and window (sums of doubles within a millionth). Gives what differs, undefined when nothing does.
 */
export async function difference(
  brokers: string,
  workload: string,
  ours: string,
  theirs: string,
): Promise<string | undefined> {
  if (workload === 'filter' || workload === 'enrich') {
    const [a, b] = [await count(brokers, ours), await count(brokers, theirs)];
    return a === b ? undefined : `${a} records, and the peer has ${b}`;
  }
  const [a, b] = [await finals(brokers, ours), await finals(brokers, theirs)];
  if (a.size !== b.size) return `${a.size} windows, and the peer has ${b.size}`;
  for (const [key, { c, s }] of a) {
    const other = b.get(key);
    if (other === undefined || other.c !== c || Math.abs(other.s - s) > 1e-6 * Math.max(1, Math.abs(s)))
      return `window ${JSON.stringify(key)} has ${c} and ${s}, the peer's ${other?.c} and ${other?.s}`;
  }
  return undefined;
}
