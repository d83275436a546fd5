import { describe, expect, test } from 'vitest';
import { MemoryBackend } from '../../src/adapters/memory/memory-backend.ts';
import { MemoryLog } from '../../src/adapters/memory/memory-log.ts';
import type { PhysicalPlan } from '../../src/plan/physical/step.ts';
import type { CommitObserver, CommitStep } from '../../src/runtime/ports/log.ts';
import type { Sink, SinkContext } from '../../src/runtime/sinks/sink.ts';
import type { Task } from '../../src/runtime/task/task.ts';
import { batchesOf } from '../../src/runtime/topic-records.ts';
import { memoryTask } from '../support/memory-task.ts';
import { planOf } from './plan-of.ts';

/** What a sink promises of a change that its task made. */
export type Guarantee =
  /** It is delivered once, and shown only when its commit is done. */
  | 'exactlyOnce'
  /** It is the last word about its key: writing it again changes nothing. */
  | 'upserts'
  /** It is delivered, and again after a failure. */
  | 'atLeastOnce';

/** Where a sink delivers to: it outlives the task, and can be made to fail. */
export interface Destination {
  readonly guarantee: Guarantee;
  /** The sink of a task; undefined for one of the plan's own, which the task opens by itself. */
  readonly open: ((context: SinkContext) => Sink) | undefined;
  /** What its readers see: the numbers delivered in order, of each key under `upserts` the last one. */
  delivered(world: World): readonly number[] | ReadonlyMap<string, number>;
  /** The next so many calls to the store fail. Undefined where there is no store that could. */
  readonly fail?: (calls: number) => void;
  /** The next so many calls are done, and seem to have failed. */
  readonly lose?: (calls: number) => void;
  /** A call to the store takes so long. */
  readonly slow?: (ms: number) => void;
  /** The most rows that the sink held back at once, and how many it may beside those of one batch. */
  readonly held?: () => { readonly most: number; readonly bound: number };
}

class Died extends Error {
  override readonly name = 'Died';
}

/** A task that copies a stream of numbers by key, over a log and a state that outlive it. */
export class World {
  readonly log = new MemoryLog();
  readonly backend = new MemoryBackend();
  readonly plan: PhysicalPlan;
  readonly #destination: Destination;
  task!: Task;
  #produced = 0;

  private constructor(plan: PhysicalPlan, destination: Destination) {
    this.plan = plan;
    this.#destination = destination;
    for (const topic of ['numbers', 'out', 'errors', 'letters']) this.log.create(topic, 1);
  }
  static async open(destination: Destination): Promise<World> {
    const world = new World(await planOf(copySql), destination);
    await world.start();
    return world;
  }

  /** A task that takes over from the last commit, as one that was just started. */
  async start(observe?: CommitObserver): Promise<void> {
    const output = this.log.open('task');
    const { open } = this.#destination;
    this.task = memoryTask(
      this.plan,
      output,
      { deadLetters: 'letters' },
      {
        backend: this.backend,
        ...(open === undefined ? {} : { sinks: (context: SinkContext) => [open(context)] }),
        observe,
      },
    );
    await this.task.start();
  }

  /** Writes numbers on from those before, each with one of three keys. */
  produce(count: number): void {
    const records = Array.from({ length: count }, () => {
      const n = this.#produced++;
      return { key: keyOf(n), value: `{"N":${n}}`, timestamp: n, partition: 0 };
    });
    this.append(records);
  }
  append(records: readonly { key: string; value: string; timestamp: number; partition: number }[]): void {
    for (const { batch } of batchesOf(records, 1)) this.log.partitions('numbers')[0]!.append(batch);
  }
  async run(): Promise<void> {
    while (await this.task.step());
    await this.task.commit();
  }

  get delivered(): readonly number[] | ReadonlyMap<string, number> {
    return this.#destination.delivered(this);
  }
  /** Checks that what was delivered is what the first `count` numbers make. */
  expectAll(count: number): void {
    const all = Array.from({ length: count }, (_, n) => n);
    const { delivered } = this;
    if (delivered instanceof Map) {
      expect([...delivered].sort()).toEqual([...new Map(all.map((n) => [keyOf(n), n]))].sort());
      return;
    }
    const list = delivered as readonly number[];
    if (this.#destination.guarantee === 'exactlyOnce') expect(list).toEqual(all);
    else expect([...new Set(list)]).toEqual(all);
  }
}
const keyOf = (n: number): string => `k${n % 3}`;
const copySql = `
  CREATE STREAM numbers (k STRING KEY, n INT) WITH (KAFKA_TOPIC='numbers', VALUE_FORMAT='JSON', PARTITIONS=1);
  CREATE STREAM copies WITH (KAFKA_TOPIC='out') AS SELECT k, n FROM numbers;`;

const perBatch = 50;
const steps: readonly CommitStep[] = ['begun', 'sent', 'ended', 'stored'];
/** Dies when a commit has come to this step for the nth time. */
function dieAt(step: CommitStep, times = 1): CommitObserver {
  let left = times;
  return (now) => {
    if (now === step && --left === 0) throw new Died();
  };
}

/**
 * What every sink must do, whatever happens: crashes between any two steps of a commit, a store that is down, slow or sees the same
 * change twice. `open` gives a new destination, empty.
 */
export function sinkContract(name: string, open: () => Destination): void {
  describe(name, () => {
    test('delivers every change in order', async () => {
      const world = await World.open(open());
      for (let i = 1; i <= 3; i++) {
        world.produce(10);
        await world.run();
        world.expectAll(i * 10);
      }
    });

    test.each(steps)('loses nothing and keeps its promise when the task dies as a commit has %s', async (step) => {
      const world = await World.open(open());
      world.produce(10);
      await world.run();
      for (let round = 0; round < 3; round++) {
        await world.start(dieAt(step));
        world.produce(7);
        await expect(world.run()).rejects.toThrow(Died);
      }
      await world.start();
      world.produce(5);
      await world.run();
      world.expectAll(36);
    });

    test('finishes what was committed before anything new is written', async () => {
      const world = await World.open(open());
      await world.start(dieAt('stored'));
      world.produce(4);
      await expect(world.run()).rejects.toThrow(Died);
      await world.start();
      world.expectAll(4);
    });

    test('shows nothing of a commit that did not happen', async () => {
      const destination = open();
      if (destination.guarantee !== 'exactlyOnce') return;
      const world = await World.open(destination);
      for (const step of ['begun', 'sent'] as const) {
        await world.start(dieAt(step));
        if (step === 'begun') world.produce(4);
        await expect(world.run()).rejects.toThrow(Died);
        await world.start();
        expect(world.delivered).toEqual([]);
      }
    });

    test('dies between batches that were not committed, and gives them again', async () => {
      const world = await World.open(open());
      world.produce(6);
      while (await world.task.step());
      await world.start();
      world.produce(6);
      await world.run();
      world.expectAll(12);
    });

    test('leaves out what cannot be read, and goes on', async () => {
      const world = await World.open(open());
      world.produce(3);
      world.append([{ key: 'k0', value: 'no JSON', timestamp: 3, partition: 0 }]);
      world.produce(3);
      await world.run();
      world.expectAll(6);
      expect(world.log.records('errors')).toHaveLength(1);
    });

    // What a destination cannot do is not asked of it.
    if (open().fail !== undefined)
      test('delivers when the store was down', async () => {
        const destination = open();
        const world = await World.open(destination);
        world.produce(10);
        for (let tries = 0; tries < 3; tries++) {
          destination.fail!(1);
          await expect(world.run()).rejects.toThrow();
          expect(world.log.positions.size).toBe(0);
          await world.start();
        }
        await world.run();
        world.expectAll(10);
      });

    if (open().lose !== undefined)
      test('keeps its promise when the store did what it was asked, and its answer was lost', async () => {
        const destination = open();
        const world = await World.open(destination);
        world.produce(10);
        destination.lose!(1);
        await expect(world.run()).rejects.toThrow();
        await world.start();
        world.produce(5);
        await world.run();
        world.expectAll(15);
      });

    if (open().slow !== undefined)
      test('holds back no more than its bound while the store is slow', async () => {
        const destination = open();
        const world = await World.open(destination);
        destination.slow!(1);
        for (let i = 0; i < 20; i++) {
          world.produce(perBatch);
          while (await world.task.step());
        }
        await world.run();
        world.expectAll(1000);
        const { most, bound } = destination.held!();
        expect(most).toBeGreaterThan(0);
        expect(most).toBeLessThan(bound + perBatch);
      });
  });
}
