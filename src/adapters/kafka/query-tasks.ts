import { resumedAttempt, standsAt, type TaskFailure } from '../../runtime/task/attempt.ts';
import type { DeadlyWork } from '../rocksdb/work-marks.ts';
import type { ClusterReads } from './cluster-reads.ts';
import { afterFailure, deadlyTask } from './failed-tasks.ts';
import { taskOf, type RunningQuery } from './running-query.ts';
import type { Standbys } from './standbys.ts';
import type { TaskPool } from './task-pool.ts';
import type { FailedTask, KafkaTaskSpec } from './task-worker.ts';
import { noted } from '../../util/noted-error.ts';

interface QueryTasksParts {
  readonly serviceId: string;
  readonly pool: TaskPool;
  readonly reads: ClusterReads;
  readonly standbys: Standbys;
  readonly deadly: DeadlyWork;
  readonly log: (text: string) => void;
  /** A task of a query is in ERROR now. */
  readonly onStopped: (queryId: string, failure: TaskFailure) => void;
}

/**
 * Starts and stops the tasks of this node's queries, as their groups and the operator say. What is asked of a query happens one after
 * the other: a task has committed and let go of its state before its next run begins, be it of this query or of the one that takes its
 * place, and a query that has ended starts nothing more.
 */
export class QueryTasks {
  readonly #parts: QueryTasksParts;
  #runs = 0;

  constructor(parts: QueryTasksParts) {
    this.#parts = parts;
  }

  #inTurn(running: RunningQuery, step: () => unknown): Promise<void> {
    running.transition = running.transition.then(async () => {
      await step();
    });
    return running.transition;
  }

  assign(running: RunningQuery, partitions: readonly number[]): void {
    if (running.hasEnded) return;
    const { reads, standbys } = this.#parts;
    // A member that was taken for dead joins again without a word: others may have had its tasks.
    void this.revoke(running);
    running.partitions = partitions;
    for (const [id, { partition }] of running.stopped) if (!partitions.includes(partition)) running.stopped.delete(id);
    running.error = undefined;
    running.rebalancing = false;
    reads.moved(running.groupId, true);
    const begun = this.#inTurn(running, async () => {
      await standbys.release(running, partitions);
      if (running.paused || running.rebalancing) return;
      this.#startTasks(running, running.skipOnStart);
      running.skipOnStart = undefined;
    });
    // A task that ran here may be kept here from now on: what its last commit still writes must be written.
    void begun.then(() => standbys.assigned(running, () => running.partitions === partitions && !running.hasEnded));
  }

  /** Resolves when the tasks have stopped, so that other members may run them. */
  revoke(running: RunningQuery): Promise<void> {
    if (running.rebalancing) return running.revoked;
    running.rebalancing = true;
    this.#parts.reads.moved(running.groupId, false);
    running.revoked = this.#inTurn(running, () => this.#stopTasks(running));
    return running.revoked;
  }

  /** Nothing of a query runs until it is started anew. */
  block(running: RunningQuery, why: string): Promise<void> {
    running.blocked = noted(running.blocked, why);
    return this.#inTurn(running, () => this.#stopTasks(running));
  }

  /** Ends a query's tasks for good. */
  end(running: RunningQuery): Promise<void> {
    running.hasEnded = true;
    return this.#inTurn(running, async () => {
      await this.#stopTasks(running);
      await this.#parts.standbys.stop(running);
    });
  }

  /** With `skip`, tasks in ERROR start so many records after the failure. */
  async setPaused(running: RunningQuery, paused: boolean, skip: number): Promise<void> {
    if (running.paused === paused && running.stopped.size === 0) return;
    running.paused = paused;
    await this.#inTurn(running, async () => {
      if (running.paused !== paused) return;
      if (paused) await this.#stopTasks(running);
      else if (running.rebalancing) running.skipOnStart = skip;
      else this.#startTasks(running, skip);
    });
  }

  /**
   * Starts the assigned tasks that are not running. With `skip`, tasks in ERROR start too, that many records after the failure.
   */
  #startTasks(running: RunningQuery, skip?: number): void {
    if (running.blocked !== undefined || running.hasEnded) return;
    const { deadly, pool, serviceId } = this.#parts;
    const { layout, partitions, tasks, stopped } = running;
    for (const part of layout.parts) {
      for (const partition of partitions) {
        const first = taskOf(running, part, partition, serviceId);
        const taskId = first.id;
        const stands = stopped.get(taskId);
        if (tasks.has(taskId) || (stands !== undefined && skip === undefined)) continue;
        if (stands !== undefined) deadly.forget(taskId);
        else if (deadly.has(taskId)) {
          this.#stand(running, taskId, partition, deadlyTask(first));
          continue;
        }
        stopped.delete(taskId);
        const attempt = stands ? resumedAttempt(stands.failure, skip!) : deadly.attempt(taskId);
        const spec: KafkaTaskSpec = { ...first, run: this.#runs++, task: { ...first.task, attempt } };
        tasks.set(taskId, spec);
        pool.start(spec);
      }
    }
  }

  async #stopTasks(running: RunningQuery): Promise<void> {
    const ids = [...running.tasks.keys()];
    running.tasks.clear();
    running.waiting.clear();
    await Promise.all(ids.map((id) => this.#parts.pool.stop(id)));
    for (const id of ids) running.progress.end(id);
  }

  /** A failed task is started again after a pause, or stays in ERROR; a fenced one has another owner now. */
  failed(running: RunningQuery, task: FailedTask): void {
    const { id, run, fenced } = task;
    const spec = running.tasks.get(id);
    if (spec?.run !== run) return;
    running.progress.failures++;
    running.progress.end(id);
    const { failure, attempt, stands, error } = afterFailure(spec, task, this.#parts.deadly);
    const taken = fenced ? ' (another node has taken it over)' : '';
    this.#parts.log(`query ${running.query.id}, task ${spec.log.part}_${spec.log.partition}: ${error}${taken}`);
    if (stands) {
      running.tasks.delete(id);
      this.#stand(running, id, spec.log.partition, failure);
      return;
    }
    const isSearching = failure.isUnforeseen && !failure.passes;
    if (!isSearching) running.error = noted(running.error, error);
    const again = { ...spec, run: this.#runs++, task: { ...spec.task, attempt } };
    running.tasks.set(id, again);
    running.waiting.add(id);
    setTimeout(
      () => {
        if (running.tasks.get(id) === again) this.#startWaiting(running, id);
      },
      isSearching ? 0 : running.backoff.next(),
    ).unref();
  }

  #stand(running: RunningQuery, id: string, partition: number, failure: TaskFailure): void {
    running.error = undefined;
    running.stopped.set(id, { partition, failure, error: noted(undefined, standsAt(failure)) });
    if (failure.hasEndedProcesses === true) this.#parts.log(failure.message);
    this.#parts.onStopped(running.query.id, failure);
  }

  #startWaiting(running: RunningQuery, id: string): void {
    const spec = running.tasks.get(id);
    if (!running.waiting.delete(id) || spec === undefined) return;
    if (!running.rebalancing && !running.paused && !running.hasEnded) this.#parts.pool.start(spec);
  }

  /** What waits for its next attempt has it now, because the broker answers again. */
  tryNow(running: RunningQuery): void {
    running.backoff.reset();
    for (const id of [...running.waiting]) this.#startWaiting(running, id);
    running.group.tryNow();
  }
}
