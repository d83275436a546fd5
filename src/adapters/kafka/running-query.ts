import { createHash } from 'node:crypto';
import type { QueryStatus, RunnableQuery } from '../../runtime/ports/node.ts';
import { runSettings } from '../../runtime/run-settings.ts';
import type { TaskFailure } from '../../runtime/task/attempt.ts';
import { deadLetterTopic } from '../../runtime/sinks/dead-letters.ts';
import { processingLogTopic } from '../../runtime/sinks/processing-log.ts';
import { layoutOf, type PlanLayout } from '../../runtime/task/layout.ts';
import { Backoff } from '../../util/retry.ts';
import type { ReadQuery } from './cluster-reads.ts';
import { groupTopics } from './internal-topics.ts';
import type { QueryGroup } from './query-group.ts';
import { Progress } from './progress.ts';
import type { KafkaTaskSpec } from './task-worker.ts';
import type { NotedError } from '../../util/noted-error.ts';

/** A task in ERROR. */
export interface StoppedTask {
  readonly partition: number;
  readonly failure: TaskFailure;
  readonly error: NotedError;
}

/** A query's tasks on this node. */
export interface RunningQuery {
  readonly query: RunnableQuery;
  readonly layout: PlanLayout;
  readonly group: QueryGroup;
  /** The name of its group. */
  readonly groupId: string;
  /** The topics that the group reads. */
  readonly topics: readonly string[];
  readonly tasks: Map<string, KafkaTaskSpec>;
  readonly progress: Progress;
  /** Tasks in ERROR until the query is resumed. Rebalances do not start them here; another member that is assigned one does. */
  readonly stopped: Map<string, StoppedTask>;
  partitions: readonly number[];
  /** Tasks that are to be started again after a pause. */
  readonly waiting: Set<string>;
  /** The partitions of the sources, as the query was started with them. */
  readonly partitionCounts: Map<string, number>;
  /** Why the query must not go on at all. */
  blocked: NotedError | undefined;
  error: NotedError | undefined;
  /** The lag of what does not run. */
  standingLag: number;
  paused: boolean;
  rebalancing: boolean;
  /** Set when the query is stopped for good: another one of its name may run next. */
  hasEnded: boolean;
  /** What RESUME said while the group rebalanced: its tasks in ERROR start so many records after the failure. */
  skipOnStart: number | undefined;
  readonly backoff: Backoff;
  /** Resolves when the tasks of the assignment before have stopped. */
  revoked: Promise<void>;
  /** Starts and stops of tasks run one after the other. */
  transition: Promise<void>;
}

/** A query before its first task, without its group. */
export function notStarted(query: RunnableQuery, groupId: string): Omit<RunningQuery, 'group'> {
  const layout = layoutOf(query.plan);
  return {
    query,
    layout,
    groupId,
    topics: groupTopics(layout, groupId),
    tasks: new Map(),
    progress: new Progress(),
    stopped: new Map(),
    partitions: [],
    waiting: new Set(),
    partitionCounts: new Map(),
    blocked: undefined,
    error: undefined,
    standingLag: 0,
    paused: query.paused,
    rebalancing: true,
    hasEnded: false,
    skipOnStart: undefined,
    backoff: new Backoff({ firstMs: 400, longestMs: 30_000 }),
    revoked: Promise.resolve(),
    transition: Promise.resolve(),
  };
}

export const taskName = (group: string, part: number, partition: number): string => `${group}/${part}_${partition}`;

/** The task of a part of a query on a partition number: its name, its log and what it runs, at its first attempt. */
export function taskOf(
  { query: { id, plan, start, erased, properties }, groupId: group }: RunningQuery,
  { index, hasState }: PlanLayout['parts'][number],
  partition: number,
  serviceId: string,
): Pick<KafkaTaskSpec, 'id' | 'log' | 'task'> {
  const settings = runSettings(properties);
  return {
    id: taskName(group, index, partition),
    log: { group, part: index, partition, exactlyOnce: settings.exactlyOnce, hasState },
    task: {
      queryId: id,
      plan,
      start,
      erased,
      processingLog: processingLogTopic(serviceId),
      deadLetters: deadLetterTopic(serviceId),
      part: { index, partition },
      settings,
    },
  };
}

/** A query's status on this node; `unreachable` has the errors of workers that cannot fetch. */
export function statusOf(running: RunningQuery, unreachable: NotedError | undefined, stateBytes: number): QueryStatus {
  const { progress } = running;
  const [stopped] = running.stopped.values();
  const error = stopped?.error ?? running.blocked ?? running.error ?? progress.trouble;
  const state =
    running.paused || stopped?.failure.hasEndedProcesses === true
      ? 'PAUSED'
      : error !== undefined
        ? 'ERROR'
        : unreachable !== undefined
          ? 'UNRESPONSIVE'
          : running.rebalancing
            ? 'REBALANCING'
            : 'RUNNING';
  return {
    state,
    error: error?.message ?? (unreachable && `the broker does not answer: ${unreachable.message}`),
    errorAt: (error ?? unreachable)?.at,
    stoppedAt: stopped?.failure.place,
    recordsIn: progress.total('in'),
    recordsOut: progress.total('out'),
    errors: progress.errors,
    lag: progress.lag + running.standingLag,
    expired: progress.total('expired'),
    events: progress.events,
    stateBytes,
    tasks: running.tasks.size,
    restored: progress.total('restored'),
  };
}

/** Whether a query's tasks on this node have begun to work, or it is known why they do not. */
export const hasSettled = ({ paused, blocked, error, rebalancing, tasks, progress }: RunningQuery): boolean =>
  paused ||
  blocked !== undefined ||
  error !== undefined ||
  (!rebalancing && [...tasks.keys()].every((id) => progress.has(id)));

/** What readers of a query's rows need to know of it; undefined of one that is not here. */
export function readQuery(running: RunningQuery | undefined): ReadQuery | undefined {
  if (running === undefined) return undefined;
  const { query, layout, groupId, topics, paused, stopped } = running;
  const [first] = stopped.values();
  const columns = query.plan.root.columns.map(({ name, type }) => [name, type]);
  return {
    id: query.id,
    group: groupId,
    topics,
    part: layout.parts.at(-1)!.index,
    layout: createHash('sha256').update(JSON.stringify(columns)).digest('base64'),
    stands: paused ? `query ${query.id} is paused` : first?.error.message,
  };
}
