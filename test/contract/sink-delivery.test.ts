import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MemoryBackend } from '../../src/adapters/memory/memory-backend.ts';
import { MemoryLog } from '../../src/adapters/memory/memory-log.ts';
import type { CommitStep } from '../../src/runtime/ports/log.ts';
import { ignoreFailures } from '../../src/runtime/failures.ts';
import { DeadLetterSink, deadLetterRecord } from '../../src/runtime/sinks/dead-letters.ts';
import { ProcessingLogSink } from '../../src/runtime/sinks/processing-log.ts';
import { EntityStore } from '../../src/runtime/sinks/entities.ts';
import { onlineStore, queue, stagedFiles, upsertStore, webhookServer } from './fake-sinks.ts';
import { FilesSink } from '../../src/runtime/sinks/files.ts';
import { rangeOf } from '../../src/files/names.ts';
import { Change } from '../../src/runtime/change.ts';
import { BIGINT, INTEGER } from '../../src/types/sql-type.ts';
import type { SinkKind } from '../../src/runtime/sinks/index.ts';
import { sinkContract, type Destination, type World } from './sink-delivery.ts';

sinkContract('a store of rows by key', upsertStore);
sinkContract('a queue', queue);
sinkContract('files that a commit shows', stagedFiles);

const places = [
  { name: 'ROWTIME', type: BIGINT, role: 'value' },
  { name: 'ROWPARTITION', type: INTEGER, role: 'value' },
  { name: 'ROWOFFSET', type: BIGINT, role: 'value' },
] as const;

/** A kind of sink with no entry here does not compile. */
const kinds: { readonly [K in SinkKind]: () => Destination } = {
  topic: () => ({
    guarantee: 'exactlyOnce',
    open: undefined,
    delivered: ({ log }: World) =>
      log.records('out').map(({ value }) => (JSON.parse(value!.toString()) as { N: number }).N),
  }),
  entities: () => ({
    guarantee: 'upserts',
    open: ({ location, columns }) =>
      new EntityStore(location, columns, { key: ['K'], time: undefined, ttlMs: undefined, order: 'time' }),
    delivered: ({ task }: World) =>
      new Map([...task.current(undefined)!].map(({ key, after }) => [String(key[0]), after![1] as number])),
  }),
  files: () => {
    const path = mkdtempSync(join(tmpdir(), 'millrace-files-'));
    const columns = [{ name: 'N', type: INTEGER, role: 'value' } as const, ...places];
    return {
      guarantee: 'exactlyOnce',
      // A number stands for its offset, so that the names of files say which numbers they hold.
      open: (context) => {
        const sink = new FilesSink({ ...context, columns }, { path, rowsPerFile: 4, rollMs: 0, time: undefined });
        const write = sink.write.bind(sink);
        return Object.assign(sink, {
          write: (changes: readonly Change[]) =>
            write(
              changes.map(({ key, after, timestamp, sequence }) => {
                const n = after![1]!;
                return new Change(key, undefined, [n, timestamp, 0, n], timestamp, sequence);
              }),
            ),
        });
      },
      delivered: () =>
        readdirSync(path, { recursive: true, encoding: 'utf8' })
          .flatMap((name) => (name.startsWith('_staged') ? [] : (rangeOf(name) ?? [])))
          .sort((a, b) => a.first - b.first)
          .flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, i) => first + i)),
    };
  },
  online: onlineStore,
  webhook: webhookServer,
};
for (const [kind, destination] of Object.entries(kinds)) sinkContract(kind, destination);

describe.each<CommitStep>(['begun', 'sent', 'ended', 'stored'])('records that died as their commit had %s', (step) => {
  const letter = {
    model: 'm',
    version: 1,
    error: 'TIMEOUT',
    message: 'too late',
    row: Buffer.from('{}'),
    timestamp: 1,
  };
  const error = { query: 'q', type: 'PROCESSING', topic: 't', partition: 0, offset: 1, message: 'no' } as const;

  test.each(['letters', 'errors'])(
    'are in the topic of %s once their commit is done, and never before',
    async (topic) => {
      const log = new MemoryLog();
      log.create(topic, 1);
      const backend = new MemoryBackend();
      const write = async (dies: boolean): Promise<void> => {
        const task = log.open('task');
        await task.takeOver();
        if (topic === 'letters')
          new DeadLetterSink(task, ignoreFailures, topic).write([deadLetterRecord('q', letter, undefined)]);
        else new ProcessingLogSink(task, topic).write([error]);
        expect(log.records(topic)).toHaveLength(0);
        const observe = (now: CommitStep): void => {
          if (dies && now === step) throw new TypeError('died');
        };
        observe('begun');
        await task.commit([], backend.batch(), observe);
      };
      await expect(async () => write(true)).rejects.toThrow('died');
      const isDone = step === 'ended' || step === 'stored';
      expect(log.records(topic)).toHaveLength(isDone ? 1 : 0);
      if (!isDone) await write(false);
      expect(log.records(topic)).toHaveLength(1);
    },
  );
});
