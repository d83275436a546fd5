import { Session } from '../../src/engine/session.ts';
import { sourcesOf } from '../../src/plan/physical/topology.ts';
import { BatchWriter, batchHeader, readBatchInfo, RecordCursor } from '../../src/records/batch.ts';

import { rowsOf, type Batch } from '../../src/runtime/batch.ts';
import { rowText, type Change } from '../../src/runtime/change.ts';
import { noConflation } from '../../src/runtime/run-settings.ts';
import { SourceDecoder } from '../../src/runtime/source-decoder.ts';
import type { SourceChange } from '../../src/runtime/topology.ts';
import { executeScript } from '../../src/statements/index.ts';
import type { Value } from '../../src/types/sql-type.ts';
import { openHarness } from '../conformance/run-case.ts';
import { StoredTopology } from './stored-topology.ts';

/** A record of a topic whose key and value are JSON; a null value is a tombstone. */
export interface InputRecord {
  readonly topic: string;
  readonly key: string | null;
  readonly value: string | null;
  readonly time: number;
}
export interface RunOptions {
  /** The number of records per micro-batch. */
  readonly batch: number;
  readonly conflate: boolean;
  /** Whether state is flushed and loaded again after every micro-batch, so that caches are empty. */
  readonly restarts?: boolean;
}

/** The result of a script's last query, by column name: the newest row of each key for a table, all rows for a stream. */
export interface QueryResult {
  readonly columns: readonly string[];
  readonly rows: readonly Readonly<Record<string, Value>>[];
}

/** Plans a script with one query; returns a function that runs it over records, starting without state. */
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
    const topology = new StoredTopology(plan, {
      settings: { ...noConflation, conflate, ...(restarts ? { cacheBytes: 1 } : {}) },
    });
    const decoders = sourcesOf(plan).map((step) => ({
      stepId: step.id,
      topic: step.source.topic,
      decoder: new SourceDecoder(step, known.schemas, ({ message }) => {
        throw new TypeError(message);
      }),
    }));
    const changes: Change[] = [];
    for (let at = 0; at < records.length; at += batch) {
      const sourceChanges: SourceChange[] = [];
      for (const { topic, key, value, time } of records.slice(at, at + batch)) {
        const bytes = recordBytes(key, value, time);
        for (const source of decoders.filter((decoder) => decoder.topic === topic)) {
          const cursor = new RecordCursor();
          cursor.open(bytes, batchHeader, readBatchInfo(bytes, 0, bytes.length)!);
          cursor.next();
          const change = source.decoder.decode(cursor, 0, sourceChanges.length);
          if (change !== undefined) sourceChanges.push({ stepId: source.stepId, partition: 0, change });
        }
      }
      changes.push(...rowsOf(topology.running.process(sourceChanges) as Batch));
      if (!restarts) continue;
      topology.store();
      topology.reopen();
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
