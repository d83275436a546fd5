import type { QueryStatus, RunnableQuery } from '../../runtime/ports/node.ts';
import type { PlanLayout } from '../../runtime/task/layout.ts';
import type { Backoff } from '../../util/retry.ts';
import type { QueryGroup } from './query-group.ts';
import type { KafkaTaskSpec, TaskStatus } from './task-worker.ts';

/** A query as this node runs its part of it. */
export interface RunningQuery {
  readonly query: RunnableQuery;
  readonly layout: PlanLayout;
  readonly group: QueryGroup;
  readonly tasks: Map<string, KafkaTaskSpec>;
  readonly status: Map<string, TaskStatus>;
  partitions: readonly number[];
  error: string | undefined;
  paused: boolean;
  rebalancing: boolean;
  readonly backoff: Backoff;
  /** Starts and stops of the tasks, one after the other. */
  transition: Promise<void>;
}

/** How a query stands on this node; `unreachable` says why a worker cannot fetch. */
export function statusOf(running: RunningQuery, unreachable: string | undefined, stateBytes: number): QueryStatus {
  const total = (field: 'in' | 'out' | 'errors' | 'lag' | 'restored'): number =>
    [...running.status.values()].reduce((sum, each) => sum + each[field], 0);
  const state = running.paused
    ? 'PAUSED'
    : running.error !== undefined
      ? 'ERROR'
      : unreachable !== undefined
        ? 'UNRESPONSIVE'
        : running.rebalancing
          ? 'REBALANCING'
          : 'RUNNING';
  return {
    state,
    error: running.error ?? (unreachable && `the broker does not answer: ${unreachable}`),
    recordsIn: total('in'),
    recordsOut: total('out'),
    errors: total('errors'),
    lag: total('lag'),
    stateBytes,
    tasks: running.tasks.size,
    restored: total('restored'),
  };
}
