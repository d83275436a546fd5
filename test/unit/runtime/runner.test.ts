import { afterEach, expect, test } from 'vitest';
import { MemoryBackend } from '../../../src/adapters/memory/memory-backend.ts';
import { MemoryLog } from '../../../src/adapters/memory/memory-log.ts';
import type { TaskLog } from '../../../src/runtime/ports/log.ts';
import { eachBatch, runSettings } from '../../../src/runtime/run-settings.ts';
import { mayPass, type Attempt, type TaskFailure } from '../../../src/runtime/task/attempt.ts';
import { TaskRunner } from '../../../src/runtime/task/runner.ts';
import type { Task } from '../../../src/runtime/task/task.ts';
import { batchesOf } from '../../../src/runtime/topic-records.ts';
import { planOf } from '../../contract/plan-of.ts';
import { memoryTask } from '../../support/memory-task.ts';

const plan = await planOf(`
  CREATE STREAM s (k STRING KEY, n INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=2);
  CREATE STREAM o WITH (KAFKA_TOPIC='out') AS SELECT k, n FROM s;`);

class Refused extends Error {
  override readonly name = 'Refused';
  readonly retriable: boolean;
  constructor(retriable: boolean) {
    super('the log refuses a number');
    this.retriable = retriable;
  }
}

/** A query that copies numbers over a log that refuses to commit some of them. */
class World {
  readonly log = new MemoryLog();
  readonly attempts: (Attempt | undefined)[] = [];
  readonly stopped: TaskFailure[] = [];
  readonly refused = new Set<number>();
  /** How often each number was in a commit that was tried. */
  readonly tried = new Map<number, number>();
  isAway = false;
  readonly #backend = new MemoryBackend();
  runner: TaskRunner;
  #produced = 0;

  constructor() {
    for (const topic of ['s', 'out', 'errors']) this.log.create(topic, 2);
    this.runner = this.#runner();
  }

  #runner(): TaskRunner {
    return new TaskRunner({
      open: (attempt) => this.#open(attempt),
      watch: (event) => {
        const timer = setInterval(() => event.set(), 2);
        return () => clearInterval(timer);
      },
      paused: false,
      onBatch: () => undefined,
      onStopped: (failure) => this.stopped.push(failure),
      pauses: { firstMs: 1, longestMs: 4 },
    });
  }
  /** As a node that is started anew. */
  async restart(): Promise<void> {
    await this.runner.stop();
    this.runner = this.#runner();
    await this.runner.start();
  }

  #open(attempt: Attempt | undefined): Task {
    this.attempts.push(attempt);
    const inner = this.log.open('q');
    let numbers: number[] = [];
    const output = new Proxy<TaskLog>(inner, {
      get: (target, name): unknown => {
        if (name === 'appender')
          return (topic: string): unknown => {
            const append = inner.appender(topic);
            return (...args: Parameters<typeof append>): void => {
              append(...args);
              if (topic === 'out') numbers.push((args[4] as readonly [string, number])[1]);
            };
          };
        if (name === 'commit')
          return (...args: Parameters<TaskLog['commit']>): Promise<void> => {
            for (const n of numbers) this.tried.set(n, (this.tried.get(n) ?? 0) + 1);
            if (this.isAway) throw new Refused(true);
            if (numbers.some((n) => this.refused.has(n))) throw new Refused(false);
            numbers = [];
            return inner.commit(...args);
          };
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
    return memoryTask(
      plan,
      output,
      {
        settings: {
          ...runSettings({ 'auto.offset.reset': 'earliest', 'ksql.fail.on.deserialization.error': 'true' }),
          commit: eachBatch,
        },
        attempt,
      },
      { backend: this.#backend },
    );
  }

  /** Numbers go to the partitions in turn. */
  produce(count: number): void {
    for (let i = 0; i < count; i++) {
      const n = this.#produced++;
      const record = { key: `k${n}`, value: `{"N":${n}}`, timestamp: n, partition: n % 2 };
      for (const { partition, batch } of batchesOf([record], 2)) this.log.partitions('s')[partition]!.append(batch);
    }
  }
  /** A record whose value cannot be read. */
  produceUnreadable(partition: number): void {
    const record = { key: 'k', value: 'no JSON', timestamp: this.#produced++, partition };
    for (const { batch } of batchesOf([record], 2)) this.log.partitions('s')[partition]!.append(batch);
  }
  get out(): number[] {
    const records = [0, 1].flatMap((partition) => this.log.records('out', partition));
    return records.map(({ value }) => (JSON.parse(value!.toString()) as { N: number }).N).sort((a, b) => a - b);
  }
  get logged(): unknown[] {
    return this.log.records('errors').map(({ value }) => JSON.parse(value!.toString()) as unknown);
  }
  async until(condition: () => boolean): Promise<void> {
    for (let i = 0; i < 2000 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 2));
    expect(condition()).toBe(true);
  }
}

let world: World;
afterEach(() => world.runner.stop());
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

test('a record that cannot be committed is tried three times, then the query stands at it until it is resumed', async () => {
  world = new World();
  world.produce(1000);
  world.refused.add(777);
  await world.runner.start();
  await world.until(() => world.stopped.length > 0);
  expect(world.attempts.map((attempt) => attempt?.limit)).toEqual([undefined, 32, 1]);
  expect(world.tried.get(777)).toBe(3);
  const place = { topic: 's', partition: 1, reader: 0, offset: 388 };
  expect(world.stopped).toMatchObject([{ place, message: 'the log refuses a number' }]);
  expect(world.runner.status).toMatchObject({
    state: 'ERROR',
    error: 'stopped at topic s, partition 1, offset 388, after 3 attempts: the log refuses a number',
    stoppedAt: place,
  });
  // Everything before it is there, nothing twice, and nothing more is tried.
  expect(world.out).toEqual(range(0, 777));
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(world.attempts).toHaveLength(3);

  // It is the same record after it was resumed, and after a restart; nothing is skipped by that.
  world.runner.setPaused(false);
  await world.until(() => world.stopped.length > 1);
  await world.restart();
  await world.until(() => world.stopped.length > 2);
  expect(world.stopped.map((failure) => failure.place)).toEqual([place, place, place]);
  expect(world.tried.get(777)).toBe(9);
  expect(world.out).toEqual(range(0, 777));

  world.runner.setPaused(false, 1);
  await world.until(() => world.out.length === 999);
  expect(world.out).toEqual([...range(0, 777), ...range(778, 1000)]);
  expect(world.runner.status).toMatchObject({ state: 'RUNNING', error: undefined, errors: 1 });
  expect(world.logged).toMatchObject([
    {
      TYPE: 'SKIPPED',
      SOURCE_TOPIC: 's',
      SOURCE_PARTITION: 1,
      SOURCE_OFFSET: 388,
      ERROR_MESSAGE: 'RESUME skipped 1 record: offsets 388 to 388',
    },
  ]);
});

test('several records are skipped at once, of the failing partition only, and none that comes later', async () => {
  world = new World();
  world.produce(10);
  world.refused.add(5);
  await world.runner.start();
  await world.until(() => world.stopped.length > 0);
  world.runner.setPaused(false, 4);
  await world.until(() => world.out.length === 7);
  world.produce(4);
  await world.until(() => world.out.length === 11);
  expect(world.out).toEqual([0, 1, 2, 3, 4, 6, 8, 10, 11, 12, 13]);
  expect(world.logged).toMatchObject([{ ERROR_MESSAGE: 'RESUME skipped 3 records: offsets 2 to 4' }]);
});

test('what is skipped stays so when the attempt behind it fails, and two bad records are two stops', async () => {
  world = new World();
  world.produce(100);
  world.refused.add(5).add(7);
  await world.runner.start();
  await world.until(() => world.stopped.length > 0);
  world.runner.setPaused(false, 1);
  await world.until(() => world.stopped.length > 1);
  expect(world.stopped.map(({ place }) => place?.offset)).toEqual([2, 3]);
  expect(world.tried.get(5)).toBe(3);
  world.runner.setPaused(false, 1);
  await world.until(() => world.out.length === 98);
  expect(world.logged).toHaveLength(2);
});

test('a record that cannot be read is found in three attempts, whatever stands before it', async () => {
  world = new World();
  world.produce(1000);
  world.produceUnreadable(1);
  world.produce(2);
  await world.runner.start();
  await world.until(() => world.stopped.length > 0);
  expect(world.attempts).toHaveLength(3);
  expect(world.stopped[0]).toMatchObject({ place: { topic: 's', partition: 1, offset: 500 } });
  world.runner.setPaused(false, 1);
  await world.until(() => world.out.length === 1002);
});

test('what passes by itself is tried without end, and counts no attempt', async () => {
  world = new World();
  world.produce(10);
  world.isAway = true;
  await world.runner.start();
  await world.until(() => world.attempts.length > 8);
  expect(world.stopped).toEqual([]);
  world.isAway = false;
  await world.until(() => world.out.length === 10);
  expect(world.runner.status.state).toBe('RUNNING');
});

test('errors of connections, files and time-outs pass by themselves; those of records do not', () => {
  const system = Object.assign(new Error('connect'), { code: 'ECONNREFUSED', syscall: 'connect' });
  expect(mayPass(system)).toBe(true);
  expect(mayPass(new TypeError('fetch failed', { cause: system }))).toBe(true);
  expect(mayPass(new DOMException('too late', 'TimeoutError'))).toBe(true);
  expect(mayPass(new Refused(true))).toBe(true);
  expect(mayPass(new Refused(false))).toBe(false);
  expect(mayPass(new TypeError('x is not a function'))).toBe(false);
  expect(mayPass('text')).toBe(false);
});
