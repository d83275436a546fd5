import { describe, expect, test } from 'vitest';
import { batchHeader, readBatchInfo, RecordCursor } from '../../src/records/batch.ts';
import type { CommitStep, FetchTarget, Position, Reading, TaskLog } from '../../src/runtime/ports/log.ts';
import type { StateBackend } from '../../src/runtime/ports/state-backend.ts';
import type { Lease } from '../../src/util/lease.ts';

/** A log that the contract is held to, with what a test needs of it beside the port. */
export interface LogUnderTest {
  /** Makes a topic and gives its name, which no other has. */
  createTopic(partitions: number): Promise<string>;
  /** Writes records to a partition, seen at once. */
  produce(topic: string, partition: number, values: readonly string[]): Promise<void>;
  /** The log of a task, as a process has it that was just started: of the same task it is another owner. */
  open(task: string): Promise<OpenLog>;
  /** Waits until the log has given inputs what it has for them. */
  fill(log: OpenLog, inputs: readonly FetchTarget[]): Promise<void>;
  close(): Promise<void>;
}
export interface OpenLog {
  readonly log: TaskLog;
  /** Where the state of the task is kept, and what its keys begin with. */
  readonly backend: StateBackend;
  readonly statePrefix: Buffer;
}

/** An input that keeps what it is given. */
export class KeptInput implements FetchTarget {
  readonly topic: string;
  readonly partition: number;
  readonly reader: number;
  fetched: number;
  knownEnd = Infinity;
  readonly #start: number;
  readonly records: { readonly offset: number; readonly value: string | null; readonly key: string | null }[] = [];

  constructor({ topic, partition, reader }: Reading, offset: number) {
    this.topic = topic;
    this.partition = partition;
    this.reader = reader;
    this.fetched = this.#start = offset;
  }
  readonly buffered = 0;
  readonly isEmpty = true;

  add(batches: readonly Buffer[], lease?: Lease): void {
    if (batches.length > 0) lease?.hold();
    const cursor = new RecordCursor();
    for (const batch of batches) {
      const info = readBatchInfo(batch, 0, batch.length)!;
      cursor.open(batch, batchHeader, info);
      while (cursor.next())
        if (cursor.offset >= Math.max(this.#start, this.fetched))
          this.records.push({
            offset: cursor.offset,
            key: cursor.key()?.toString() ?? null,
            value: cursor.value()?.toString() ?? null,
          });
      this.fetched = Math.max(this.fetched, info.lastOffset + 1);
    }
    if (batches.length > 0) lease?.release();
  }
  beginAgain(first: number): void {
    this.fetched = first;
  }
  skipTo(first: number): void {
    if (this.fetched < first) this.fetched = first;
  }
  get values(): (string | null)[] {
    return this.records.map(({ value }) => value);
  }
}

class Died extends Error {
  override readonly name = 'Died';
}
const steps: readonly CommitStep[] = ['begun', 'sent', 'ended', 'stored'];
const at = (topic: string, partition = 0, reader = 0): Reading => ({ topic, partition, reader });

/** What every log must do: the rules of recovery (runtime-rules 1, 2, 5, 7, 8) as far as one task sees them. */
export function logContract(name: string, open: () => Promise<LogUnderTest>): void {
  describe(name, () => {
    const withLog = (run: (log: LogUnderTest) => Promise<void>) => async (): Promise<void> => {
      const log = await open();
      try {
        await run(log);
      } finally {
        await log.close();
      }
    };
    const owner = async (under: LogUnderTest, task: string, topics: readonly string[]): Promise<OpenLog> => {
      const opened = await under.open(task);
      await opened.log.takeOver(topics);
      await opened.log.restore();
      return opened;
    };
    const commit = async (
      { log, backend, statePrefix }: OpenLog,
      positions: readonly Position[],
      state: string,
      observe: (step: CommitStep) => void = () => undefined,
    ): Promise<void> => {
      observe('begun');
      const batch = backend.batch();
      log.stateWriter(batch).put(Buffer.concat([statePrefix, Buffer.from('k')]), Buffer.from(state));
      await log.commit(positions, batch, observe);
    };
    const stateOf = ({ backend, statePrefix }: OpenLog): string | undefined =>
      backend.getMany([Buffer.concat([statePrefix, Buffer.from('k')])])[0]?.toString();
    const read = async (under: LogUnderTest, topic: string, from = 0): Promise<KeptInput> => {
      const reader = await owner(under, `reader-of-${topic}`, [topic]);
      const input = new KeptInput(at(topic), from);
      await under.fill(reader, [input]);
      return input;
    };

    test(
      'gives what was written, from any offset, in order and with its end',
      withLog(async (under) => {
        const topic = await under.createTopic(2);
        await under.produce(topic, 0, ['a', 'b']);
        await under.produce(topic, 0, ['c']);
        await under.produce(topic, 1, ['other']);
        const reader = await owner(under, 'task', [topic]);
        expect(reader.log.partitions(topic)).toBe(2);
        const inputs = [0, 1, 2].map((from) => new KeptInput(at(topic), from));
        for (const input of inputs) await under.fill(reader, [input]);
        expect(inputs.map(({ values }) => values)).toEqual([['a', 'b', 'c'], ['b', 'c'], ['c']]);
        expect(inputs.map((input) => reader.log.end(input))).toEqual([3, 3, 3]);
        expect(inputs.map(({ fetched }) => fetched)).toEqual([3, 3, 3]);
        expect(await reader.log.bound(at(topic), 'beginning')).toBe(0);
        expect(await reader.log.bound(at(topic), 'end')).toBe(3);
        expect(await reader.log.bound(at(topic, 1), 'end')).toBe(1);
      }),
    );

    test(
      'shows what was appended after the commit, and not before',
      withLog(async (under) => {
        const topic = await under.createTopic(1);
        const out = await under.createTopic(1);
        const task = await owner(under, 'task', [topic, out]);
        task.log.append(out, 0, 5, 'key', 'one', [{ key: 'h', value: Buffer.from('v') }]);
        task.log.append(out, 0, 6, null, null);
        task.log.appender(out)(0, 7, null, (from, bytes) => (bytes.text(from), true), 'three');
        await task.log.send();
        expect((await read(under, out)).values).toEqual([]);
        await commit(task, [], 's');
        expect((await read(under, out)).records.map(({ key, value }) => [key, value])).toEqual([
          ['key', 'one'],
          [null, null],
          [null, 'three'],
        ]);
      }),
    );

    test(
      'appends nothing of a record whose writer throws',
      withLog(async (under) => {
        const out = await under.createTopic(1);
        const task = await owner(under, 'task', [out]);
        task.log.append(out, 0, 1, null, 'before');
        const failing = (): never => {
          throw new Died();
        };
        expect(() => task.log.appender(out)(0, 2, 'k', failing, null)).toThrow(Died);
        task.log.append(out, 0, 3, null, 'after');
        await commit(task, [], 's');
        expect((await read(under, out)).values).toEqual(['before', 'after']);
      }),
    );

    test(
      'has no position before a commit, and then that of each reader',
      withLog(async (under) => {
        const topic = await under.createTopic(2);
        await under.produce(topic, 0, ['a', 'b', 'c']);
        const task = await owner(under, 'task', [topic]);
        const readings = [at(topic, 0), at(topic, 1), at(topic, 0, 1)];
        expect(await task.log.committed(readings)).toEqual([undefined, undefined, undefined]);
        await commit(
          task,
          [
            { ...at(topic, 0), offset: 2 },
            { ...at(topic, 0, 1), offset: 3 },
          ],
          's',
        );
        const again = await owner(under, 'task', [topic]);
        expect(await again.log.committed(readings)).toEqual([2, undefined, 3]);
        const other = await owner(under, 'other', [topic]);
        expect(await other.log.committed(readings.slice(0, 1))).toEqual([undefined]);
      }),
    );

    test(
      'lets nobody commit whose task was taken over, and drops what that one left',
      withLog(async (under) => {
        const topic = await under.createTopic(1);
        const out = await under.createTopic(1);
        const former = await owner(under, 'task', [topic, out]);
        await commit(former, [{ ...at(topic), offset: 1 }], 'first');
        former.log.append(out, 0, 1, null, 'lost');
        await former.log.send();
        const next = await owner(under, 'task', [topic, out]);
        await expect(async () => commit(former, [{ ...at(topic), offset: 9 }], 'lost')).rejects.toThrow();
        next.log.append(out, 0, 2, null, 'kept');
        await commit(next, [{ ...at(topic), offset: 2 }], 'second');
        expect((await read(under, out)).values).toEqual(['kept']);
        const last = await owner(under, 'task', [topic, out]);
        expect([stateOf(last), await last.log.committed([at(topic)])]).toEqual(['second', [2]]);
      }),
    );

    test.each(steps)('commits all or nothing when the owner dies as a commit has %s', (step) =>
      withLog(async (under) => {
        const topic = await under.createTopic(1);
        const out = await under.createTopic(1);
        const task = await owner(under, 'task', [topic, out]);
        task.log.append(out, 0, 1, null, 'first');
        await commit(task, [{ ...at(topic), offset: 1 }], 'first');
        task.log.append(out, 0, 2, null, 'second');
        const die = (now: CommitStep): void => {
          if (now === step) throw new Died();
        };
        await expect(async () => commit(task, [{ ...at(topic), offset: 2 }], 'second', die)).rejects.toThrow(Died);
        const next = await owner(under, 'task', [topic, out]);
        const [position] = await next.log.committed([at(topic)]);
        const isCommitted = position === 2;
        expect(position).toBe(isCommitted ? 2 : 1);
        expect(isCommitted).toBe(step === 'ended' || step === 'stored');
        expect(stateOf(next)).toBe(isCommitted ? 'second' : 'first');
        expect((await read(under, out)).values).toEqual(isCommitted ? ['first', 'second'] : ['first']);
        next.log.append(out, 0, 3, null, 'third');
        await commit(next, [{ ...at(topic), offset: 3 }], 'third');
        expect((await read(under, out)).values.at(-1)).toBe('third');
      })(),
    );
  });
}
