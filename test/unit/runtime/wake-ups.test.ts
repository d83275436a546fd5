import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { EmbeddedLog } from '../../../src/adapters/embedded/embedded-log.ts';
import { EmbeddedReader } from '../../../src/adapters/embedded/embedded-reader.ts';
import { MemoryBackend } from '../../../src/adapters/memory/memory-backend.ts';
import type { FetchTarget } from '../../../src/runtime/ports/log.ts';
import type { FetchedPartition, TopicReader } from '../../../src/runtime/ports/node.ts';
import { Answers } from '../../../src/runtime/ports/answers.ts';
import { runSettings } from '../../../src/runtime/run-settings.ts';
import { ReaderLog } from '../../../src/runtime/task/reader-log.ts';
import { AttemptState, type TaskFailure } from '../../../src/runtime/task/attempt.ts';
import { TaskRunner } from '../../../src/runtime/task/runner.ts';
import type { Task } from '../../../src/runtime/task/task.ts';
import { batchesOf } from '../../../src/runtime/topic-records.ts';

// The clock stands still: who sleeps past an append is never woken by a tick.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const turns = async (): Promise<void> => {
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
};

function openLog(): { readonly log: EmbeddedLog; readonly append: (topic?: string) => void } {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-wake-'));
  const log = new EmbeddedLog({ folder, backend: new MemoryBackend(), sync: false });
  for (const topic of ['s', 'other']) log.create(topic, { partitions: 1, replicas: 1, config: {} });
  const records = [{ key: 'k', value: 'v', timestamp: 1, partition: 0 }];
  const append = (topic = 's'): void =>
    log.commit({ appends: batchesOf(records, 1).map((batch) => ({ topic, ...batch })) });
  return { log, append };
}

/** A query over `s` that has only what the loop needs, and says when it has looked and when it commits. */
class Looker {
  readonly counts = { in: 0, out: 0, restored: 0, commits: 0, batches: 0, batchMs: 0 };
  readonly spec = { settings: runSettings({}) };
  readonly errors = 0;
  readonly lag = 0;
  readonly answers = new Answers();
  commitIsDue = false;
  fails = false;
  opened = 0;
  onLooked: () => void = () => undefined;
  onCommit: () => void = () => undefined;
  readonly runner: TaskRunner;
  readonly #log: EmbeddedLog;

  constructor(log: EmbeddedLog, paused = false) {
    this.#log = log;
    this.runner = new TaskRunner({
      open: () => {
        this.opened++;
        return this as unknown as Task;
      },
      watch: (event) => log.watch(['s'], event),
      paused,
      onBatch: () => undefined,
      onStopped: () => undefined,
    });
  }

  start(): Promise<void> {
    return Promise.resolve();
  }
  failure(error: unknown): TaskFailure {
    return new AttemptState().failure(error, undefined);
  }

  async step(): Promise<boolean> {
    if (this.fails) throw new TypeError('it fails');
    const { committed } = this.#log.partition('s', 0)!;
    const came = committed > this.counts.in;
    this.counts.in = committed;
    await Promise.resolve();
    this.onLooked();
    return came;
  }
  async commit(): Promise<void> {
    this.commitIsDue = false;
    await Promise.resolve();
    this.onCommit();
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Calls it once, the next time it is due. */
const once = (action: () => void): (() => void) => {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    action();
  };
};

test.each<[string, (looker: Looker, append: () => void) => void, { readonly paused?: boolean; readonly in?: number }]>([
  ['an append before the first look', (_, append) => append(), {}],
  ['an append between a look and the sleep', (looker, append) => (looker.onLooked = once(append)), {}],
  [
    'an append while what was read is being committed',
    (looker, append) => {
      looker.onLooked = once(() => (looker.commitIsDue = true));
      looker.onCommit = append;
    },
    {},
  ],
  [
    'PAUSE and RESUME between a look and the sleep',
    (looker, append) =>
      (looker.onLooked = once(() => {
        looker.runner.setPaused(true);
        looker.runner.setPaused(false);
        append();
      })),
    {},
  ],
  [
    'RESUME while the query that was paused commits',
    (looker, append) => {
      looker.commitIsDue = true;
      looker.onCommit = () => {
        append();
        looker.runner.setPaused(false);
      };
    },
    { paused: true },
  ],
  [
    'an append to a query that is paused is left alone',
    (looker, append) => {
      looker.commitIsDue = true;
      looker.onCommit = append;
    },
    { paused: true, in: 0 },
  ],
])('no reader sleeps past an append: %s', async (_, arrange, { paused = false, in: wanted = 1 }) => {
  const { log, append } = openLog();
  const looker = new Looker(log, paused);
  arrange(looker, append);
  await looker.runner.start();
  await turns();
  expect(looker.counts.in).toBe(wanted);
  await looker.runner.stop();
  log.close();
});

test('an append while a query sleeps wakes it; one to a topic that it does not read does not', async () => {
  const { log, append } = openLog();
  const looker = new Looker(log);
  let looks = 0;
  looker.onLooked = () => looks++;
  await looker.runner.start();
  await turns();
  const before = looks;
  append('other');
  await turns();
  expect(looks).toBe(before);
  append();
  await turns();
  expect(looker.counts.in).toBe(1);
  await looker.runner.stop();
  log.close();
});

test.each<[string, boolean, (looker: Looker, stop: () => void) => void]>([
  ['between a look and the sleep', false, (looker, stop) => (looker.onLooked = once(stop))],
  [
    'while a query that is paused commits',
    true,
    (looker, stop) => {
      looker.commitIsDue = true;
      looker.onCommit = stop;
    },
  ],
])('a stop is not slept past: %s', async (_, paused, arrange) => {
  const { log } = openLog();
  const looker = new Looker(log, paused);
  let isStopped = false;
  arrange(looker, () => void looker.runner.stop().then(() => (isStopped = true)));
  await looker.runner.start();
  await turns();
  expect(isStopped).toBe(true);
  log.close();
});

test('what is appended does not shorten the pause of a query that has failed', async () => {
  const { log, append } = openLog();
  const looker = new Looker(log);
  looker.fails = true;
  await looker.runner.start();
  await turns();
  for (let i = 0; i < 5; i++) {
    append();
    await turns();
  }
  expect(looker.opened).toBe(1);
  looker.fails = false;
  await vi.advanceTimersByTimeAsync(1000);
  await turns();
  expect([looker.opened, looker.counts.in]).toEqual([2, 5]);
  await looker.runner.stop();
  log.close();
});

test('a reader of the embedded log gives what comes and ends its wait when it is closed', async () => {
  const { log, append } = openLog();
  const reader = new EmbeddedReader(log, 's', 1, 'beginning');
  const polled = reader.poll(10, 60_000);
  await turns();
  append();
  expect(await polled).toHaveLength(1);
  const last = reader.poll(10, 60_000);
  await turns();
  reader.close();
  expect(await last).toHaveLength(0);
  log.close();
});

/** A topic whose fetches are answered when the test says so, as a broker holds them. */
class HeldReader implements TopicReader {
  readonly positions = [0];
  caughtUp = true;
  readonly #held: ((fetched: readonly FetchedPartition[]) => void)[] = [];

  fetch(): Promise<readonly FetchedPartition[]> {
    return new Promise((resolve) => this.#held.push(resolve));
  }
  answer(): void {
    this.#held.shift()!([{ partition: 0, batches: [Buffer.alloc(1)], next: 1, lease: undefined }]);
  }
  end(): number {
    return 0;
  }
  poll(): Promise<never[]> {
    return Promise.resolve([]);
  }
  close(): void {
    return undefined;
  }
}

test('a query over several topics wakes for whichever of them has something first, and asks each of them once', async () => {
  const readers = [new HeldReader(), new HeldReader()] as const;
  const log = new ReaderLog(readers.map((source, i) => ({ topic: `t${i}`, reader: 0, source })));
  const given: string[] = [];
  const inputs = readers.map((_, i) => ({
    topic: `t${i}`,
    reader: 0,
    partition: 0,
    isEmpty: true,
    fetched: 0,
    add: () => given.push(`t${i}`),
  })) as unknown as FetchTarget[];
  const asked = readers.map((reader) => vi.spyOn(reader, 'fetch'));
  const first = log.wait(inputs, 60_000);
  await turns();
  readers[1].answer();
  expect(await first).toBe(true);
  expect(given).toEqual(['t1']);
  const second = log.wait(inputs, 60_000);
  await turns();
  readers[0].answer();
  expect(await second).toBe(true);
  expect(given).toEqual(['t1', 't0']);
  expect(asked.map(({ mock }) => mock.calls.length)).toEqual([1, 2]);
});

test('a pull query has not caught up before its inputs were given what was fetched', async () => {
  const reader = new HeldReader();
  reader.caughtUp = false;
  const log = new ReaderLog([{ topic: 't', reader: 0, source: reader }]);
  const input = { topic: 't', reader: 0, partition: 0, isEmpty: true, fetched: 0, add: () => undefined };
  const waiting = log.wait([input as unknown as FetchTarget], 0);
  reader.caughtUp = true;
  expect(log.caughtUp).toBe(false);
  reader.answer();
  await waiting;
  await turns();
  expect(log.caughtUp).toBe(true);
});
