import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { QueryTasks } from '../../../src/adapters/kafka/query-tasks.ts';
import type { RunningQuery } from '../../../src/adapters/kafka/running-query.ts';
import { Progress } from '../../../src/adapters/kafka/progress.ts';
import type { KafkaTaskSpec } from '../../../src/adapters/kafka/task-worker.ts';

/** A pool whose tasks stop when the test lets them, and that tells of two runs of a task at once. */
class Pool {
  readonly said: string[] = [];
  readonly #running = new Set<string>();
  readonly #stopping: (() => void)[] = [];

  start({ id, task }: KafkaTaskSpec): void {
    if (this.#running.has(id)) this.said.push(`TWICE ${id}`);
    this.#running.add(id);
    const { attempt } = task;
    this.said.push(`start ${id}${attempt === undefined ? '' : ` skip ${attempt.skips[0]?.records ?? 0}`}`);
  }
  /** A task has failed: it runs no more. */
  fail(id: string): void {
    this.#running.delete(id);
    this.said.length = 0;
  }
  stop(id: string): Promise<void> {
    this.said.push(`stop ${id}`);
    return new Promise((resolve) => {
      this.#stopping.push(() => {
        this.#running.delete(id);
        this.said.push(`stopped ${id}`);
        resolve();
      });
    });
  }
  /** Standby tasks are begun, when the group has told which; said only where tasks still have their state. */
  async assignedStandbys(): Promise<void> {
    for (let i = 0; i < 5; i++) await Promise.resolve();
    if (this.#stopping.length > 0) this.said.push('standbys while tasks stop');
  }
  async letStop(): Promise<void> {
    await nextTurn();
    for (const stop of this.#stopping.splice(0)) stop();
    await nextTurn();
  }
  take(): string[] {
    return this.said.splice(0);
  }
}

function opened(): { pool: Pool; tasks: QueryTasks; query: () => RunningQuery } {
  const pool = new Pool();
  const nothing = (): Promise<void> => Promise.resolve();
  const tasks = new QueryTasks({
    serviceId: 's',
    pool: pool as never,
    reads: { moved: () => undefined } as never,
    standbys: { release: nothing, assigned: () => pool.assignedStandbys(), stop: nothing } as never,
    deadly: { has: () => false, attempt: () => undefined, forget: () => undefined, ended: () => 0 } as never,
    log: () => undefined,
    onStopped: () => undefined,
  });
  const query = (): RunningQuery => ({
    query: { id: 'Q', plan: {} as never, properties: {}, paused: false },
    layout: { parts: [{ index: 0, hasState: true }] } as never,
    group: { tryNow: () => undefined } as never,
    groupId: 'g',
    topics: [],
    tasks: new Map(),
    progress: new Progress(),
    stopped: new Map(),
    partitions: [],
    waiting: new Set(),
    partitionCounts: new Map(),
    blocked: undefined,
    error: undefined,
    standingLag: 0,
    paused: false,
    rebalancing: true,
    hasEnded: false,
    skipOnStart: undefined,
    backoff: { reset: () => undefined, next: () => 0 } as never,
    revoked: Promise.resolve(),
    transition: Promise.resolve(),
  });
  return { pool, tasks, query };
}

describe('tasks of a query', () => {
  test('an assignment that comes when the query has ended starts nothing', async () => {
    const { pool, tasks, query } = opened();
    const running = query();
    const ended = tasks.end(running);
    tasks.assign(running, [0, 1]);
    await ended;
    await nextTurn();
    expect(pool.take()).toEqual([]);
  });

  test('an assignment on its way when the query ends starts nothing', async () => {
    const { pool, tasks, query } = opened();
    const running = query();
    tasks.assign(running, [0]);
    await tasks.end(running);
    await nextTurn();
    expect(pool.take()).toEqual([]);
  });

  test('a query has ended when the tasks of a rebalance in progress have stopped', async () => {
    const { pool, tasks, query } = opened();
    const [before, next] = [query(), query()];
    tasks.assign(before, [0, 1]);
    await nextTurn();
    expect(pool.take()).toEqual(['start g/0_0', 'start g/0_1']);
    void tasks.revoke(before);
    await nextTurn();
    const restarted = tasks.end(before).then(() => tasks.assign(next, [0, 1]));
    await nextTurn();
    expect(pool.take()).toEqual(['stop g/0_0', 'stop g/0_1']);
    await pool.letStop();
    await restarted;
    await nextTurn();
    expect(pool.take()).toEqual(['stopped g/0_0', 'stopped g/0_1', 'start g/0_0', 'start g/0_1']);
  });

  test('a member that was taken for dead keeps nothing as a standby before its tasks have stopped', async () => {
    const { pool, tasks, query } = opened();
    const running = query();
    tasks.assign(running, [0, 1]);
    await nextTurn();
    tasks.assign(running, [1]);
    await nextTurn();
    await pool.letStop();
    await nextTurn();
    expect(pool.take()).toEqual([
      ...['start g/0_0', 'start g/0_1', 'stop g/0_0', 'stop g/0_1'],
      ...['stopped g/0_0', 'stopped g/0_1', 'start g/0_1'],
    ]);
  });

  test('a pause and its end while tasks stop start none before they have', async () => {
    const { pool, tasks, query } = opened();
    const running = query();
    tasks.assign(running, [0]);
    await nextTurn();
    const paused = tasks.setPaused(running, true, 0);
    await nextTurn();
    const resumed = tasks.setPaused(running, false, 0);
    await nextTurn();
    expect(pool.take()).toEqual(['start g/0_0', 'stop g/0_0']);
    await pool.letStop();
    await Promise.all([paused, resumed]);
    expect(pool.take()).toEqual(['stopped g/0_0', 'start g/0_0']);
  });

  test('RESUME … SKIP while the group rebalances is obeyed when it has', async () => {
    const { pool, tasks, query } = opened();
    const running = query();
    tasks.assign(running, [0]);
    await nextTurn();
    const place = { topic: 't', partition: 0, offset: 7 };
    const failure = { message: 'broken', place, passes: false, isUnforeseen: false } as never;
    running.tasks.clear();
    running.stopped.set('g/0_0', { partition: 0, failure, error: { message: 'broken', at: 0 } });
    pool.fail('g/0_0');
    await tasks.revoke(running);
    await tasks.setPaused(running, false, 3);
    expect(pool.take()).toEqual([]);
    tasks.assign(running, [0]);
    await nextTurn();
    expect(running.stopped.size).toBe(0);
    expect(pool.take()).toEqual(['start g/0_0 skip 3']);
  });

  test('while a group rebalances, RESUME starts nothing', async () => {
    const { pool, tasks, query } = opened();
    const running = { ...query(), partitions: [0] };
    running.paused = true;
    await tasks.setPaused(running, false, 0);
    expect(pool.take()).toEqual([]);
  });
});
