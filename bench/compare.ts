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

async function lastTotals(brokers: string, topic: string): Promise<Totals> {
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

/** The columns of a velocity row: the amount, then count and sum of each frame. */
const velocityColumns = ['amount', 'c0', 's0', 'c1', 's1', 'c2', 's2', 'c3', 's3'] as const;

/**
 * The rows of each key, flattened into one list of numbers. Column names are matched in upper and in lower case: engines
 * differ.
 */
async function velocities(brokers: string, topic: string): Promise<ReadonlyMap<string, number[]>> {
  const rows = new Map<string, number[]>();
  for await (const { key, value } of recordsOf(brokers, topic)) {
    const row = JSON.parse(value!.toString()) as Readonly<Record<string, number>>;
    const name = key!.toString('latin1');
    let list = rows.get(name);
    if (list === undefined) rows.set(name, (list = []));
    for (const column of velocityColumns) list.push(row[column] ?? row[column.toUpperCase()] ?? NaN);
  }
  return rows;
}

/** The first row that differs, undefined if none does. Counts must be equal, doubles within 1e-6. */
async function velocityDifference(brokers: string, ours: string, theirs: string): Promise<string | undefined> {
  const [a, b] = [await velocities(brokers, ours), await velocities(brokers, theirs)];
  if (a.size !== b.size) return `${a.size} users, and the peer has ${b.size}`;
  for (const [user, list] of a) {
    const peerList = b.get(user) ?? [];
    if (peerList.length !== list.length)
      return `${list.length / velocityColumns.length} rows of ${user}, and the peer has ${peerList.length / velocityColumns.length}`;
    for (const [at, value] of list.entries()) {
      const name = velocityColumns[at % velocityColumns.length]!;
      const tolerance = name.startsWith('c') ? 0 : 1e-6 * Math.max(1, Math.abs(value));
      // Negated so that NaN, which stands for a missing number, counts as a difference.
      if (!(Math.abs(peerList[at]! - value) <= tolerance))
        return `row ${Math.floor(at / velocityColumns.length)} of ${user} has ${name} ${value}, the peer's ${peerList[at]}`;
    }
  }
  return undefined;
}

/**
 * Number of records in some topics, their bytes of key and value per event, and the size of the largest; batch headers are not
 * counted.
 */
export async function changelogSizes(
  brokers: string,
  topics: readonly string[],
  events: number,
): Promise<Readonly<Record<string, number>>> {
  let [records, bytes, largest] = [0, 0, 0];
  for (const topic of topics)
    for await (const { key, value } of recordsOf(brokers, topic)) {
      const size = (key?.length ?? 0) + (value?.length ?? 0);
      records++;
      bytes += size;
      largest = Math.max(largest, size);
    }
  return {
    changelog_records: records,
    changelog_bytes_per_event: Number((bytes / events).toFixed(1)),
    largest_changelog_record: largest,
  };
}

/**
 * What differs between the results of two engines, undefined if nothing does. Filter, enrich and nested: the number of records.
 * Velocity: every row of every user, in order. Aggregates: the last count and sum of every key and window. Doubles may differ
 * by 1e-6.
 */
export async function difference(
  brokers: string,
  workload: string,
  ours: string,
  theirs: string,
): Promise<string | undefined> {
  if (workload === 'filter' || workload === 'enrich' || workload === 'nested') {
    const [a, b] = [await count(brokers, ours), await count(brokers, theirs)];
    return a === b ? undefined : `${a} records, and the peer has ${b}`;
  }
  if (workload === 'velocity') return velocityDifference(brokers, ours, theirs);
  const [a, b] = [await lastTotals(brokers, ours), await lastTotals(brokers, theirs)];
  if (a.size !== b.size) return `${a.size} windows, and the peer has ${b.size}`;
  for (const [key, { c, s }] of a) {
    const peerTotals = b.get(key);
    if (peerTotals === undefined || peerTotals.c !== c || Math.abs(peerTotals.s - s) > 1e-6 * Math.max(1, Math.abs(s)))
      return `window ${JSON.stringify(key)} has ${c} and ${s}, the peer's ${peerTotals?.c} and ${peerTotals?.s}`;
  }
  return undefined;
}
