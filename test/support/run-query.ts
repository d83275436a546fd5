import { MemoryBackend } from '../../src/adapters/memory/memory-backend.ts';
import { Session } from '../../src/engine/session.ts';
import { sourcesOf } from '../../src/plan/physical/topology.ts';
import { BatchWriter, batchHeader, readBatchInfo, RecordCursor } from '../../src/records/batch.ts';

import { rowsOf, type Batch } from '../../src/runtime/batch.ts';
import { rowText, type Change } from '../../src/runtime/change.ts';
import { ignoreFailures } from '../../src/runtime/failures.ts';
import { noConflation } from '../../src/runtime/run-settings.ts';
import { SourceDecoder } from '../../src/runtime/source-decoder.ts';
import { LocalTopology, type SourceChange } from '../../src/runtime/topology.ts';
import { executeScript } from '../../src/statements/index.ts';
import type { Value } from '../../src/types/sql-type.ts';
import { openHarness } from '../conformance/run-case.ts';

/** A record of a topic whose key and value are JSON; a value of null is a tombstone. */
export interface InputRecord {
  readonly topic: string;
  readonly key: string | null;
  readonly value: string | null;
  readonly time: number;
}
export interface RunOptions {
  /** How many records a micro-batch has. */
  readonly batch: number;
  readonly conflate: boolean;
  /** Whether state is written and read anew behind every micro-batch, none of it staying in a cache. */
  readonly restarts?: boolean;
}

/** What the last query of a script gives: its rows by column name, the newest of each key for a table and all of a stream. */
export interface QueryResult {
  readonly columns: readonly string[];
  readonly rows: readonly Readonly<Record<string, Value>>[];
}

/** Plans the statements of a script, of which one is a query, and gives a function that runs it over records from nothing. */
export async function planScript(
  statements: string,
  topics: readonly string[],
): Promise<(records: readonly InputRecord[], options: RunOptions) => QueryResult> {
  const { node, known, engine } = openHarness('random_');
  for (const topic of topics) await node.createTopic(topic, { partitions: 1, replicas: 1, config: {} });
  await executeScript({ name: 'random', text: statements }, engine, new Session(engine.defaults));
  const { plan } = [...engine.catalog.queries.values()].at(-1)!;
  const columns = plan.root.columns.map(({ name }) => name);
  return (records, { batch, conflate, restarts = false }) => {
    const backend = new MemoryBackend();
    const open = (): LocalTopology =>
      new LocalTopology(plan, {
        backend,
        statePrefix: 'q',
        partitions: 1,
        settings: { ...noConflation, conflate, ...(restarts ? { cacheBytes: 1 } : {}) },
        models: undefined,
        failures: ignoreFailures,
      });
    let topology = open();
    const decoders = sourcesOf(plan).map((step) => ({
      stepId: step.id,
      topic: step.source.topic,
      decoder: new SourceDecoder(step, known.schemas, ({ message }) => {
        throw new TypeError(message);
      }),
    }));
    const changes: Change[] = [];
    for (let at = 0; at < records.length; at += batch) {
      const given: SourceChange[] = [];
      for (const { topic, key, value, time } of records.slice(at, at + batch)) {
        const bytes = recordBytes(key, value, time);
        for (const source of decoders.filter((each) => each.topic === topic)) {
          const cursor = new RecordCursor();
          cursor.open(bytes, batchHeader, readBatchInfo(bytes, 0, bytes.length)!);
          cursor.next();
          const change = source.decoder.decode(cursor, 0, given.length);
          if (change !== undefined) given.push({ stepId: source.stepId, partition: 0, change });
        }
      }
      changes.push(...rowsOf(topology.process(given) as Batch));
      if (!restarts) continue;
      const writes = backend.batch();
      topology.flush(writes);
      writes.write(false);
      topology = open();
    }
    const named = ({ after }: Change): Record<string, Value> =>
      Object.fromEntries(columns.map((name, i) => [name, after![i]!]));
    if (plan.shape === 'STREAM') return { columns, rows: changes.map(named) };
    const table = new Map<string, Change>();
    for (const change of changes) {
      if (change.after === undefined) table.delete(rowText(change));
      else table.set(rowText(change), change);
    }
    return { columns, rows: [...table.values()].map(named) };
  };
}

function recordBytes(key: string | null, value: string | null, time: number): Buffer {
  const bytes = (text: string | null): Buffer | null => (text === null ? null : Buffer.from(text));
  const writer = new BatchWriter();
  writer.add(time, bytes(key), bytes(value), []);
  return writer.finish();
}
