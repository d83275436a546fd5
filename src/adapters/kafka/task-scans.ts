import type { Row } from '../../types/sql-type.ts';
import type { Change } from '../../runtime/change.ts';
import type { ReadMode } from '../../runtime/ports/node.ts';
import { batched } from '../../runtime/pulled-rows.ts';
import type { TaskSpec } from '../../runtime/task/spec.ts';
import type { Task } from '../../runtime/task/task.ts';
import type { TaskLogSpec } from './task-log.ts';

/** Rows of a query's result that tasks hold: those of its last part, on the partitions that are asked for (all if undefined). */
export interface WantedRows extends ReadMode {
  readonly queryId: string;
  readonly part: number;
  readonly partitions: readonly number[] | undefined;
  /** Those of standby tasks instead. */
  readonly isStandby?: boolean | undefined;
}
export type PulledChange = Pick<Change, 'key' | 'after' | 'timestamp' | 'window'>;

/** The rows of keys, and the partitions in which they were looked for. */
export interface FoundRows {
  readonly partitions: readonly number[];
  readonly rows: readonly PulledChange[];
}
/** A scan that has begun, and the partitions that it reads. */
export interface OpenedScan {
  readonly scan: number;
  readonly partitions: readonly number[];
}

export interface HeldTask {
  readonly partition: number;
  readonly task: Task;
}

/** Whether a task holds some of these rows. */
export const holdsWanted = (
  { task, log }: { readonly task: TaskSpec; readonly log: TaskLogSpec },
  { queryId, part, partitions }: WantedRows,
): boolean => task.queryId === queryId && log.part === part && partitions?.includes(log.partition) !== false;

/** Reads the state of a worker's tasks for pull queries. A scan is read batch by batch; its reader ends it. */
export class TaskScans {
  readonly #tasksOf: (wanted: WantedRows) => readonly HeldTask[];
  readonly #open = new Map<number, Generator<readonly Change[], undefined>>();
  #scans = 0;

  constructor(tasksOf: (wanted: WantedRows) => readonly HeldTask[]) {
    this.#tasksOf = tasksOf;
  }

  lookUp(wanted: WantedRows, keys: readonly Row[]): FoundRows {
    const { at } = wanted;
    const tasks = this.#tasksOf(wanted);
    return {
      partitions: tasks.map(({ partition }) => partition),
      rows: tasks.flatMap(({ task }) => keys.flatMap((key) => [...(task.current(key, at) ?? [])].map(plain))),
    };
  }

  async open(wanted: WantedRows): Promise<OpenedScan> {
    const tasks = this.#tasksOf(wanted);
    const scan = this.#scans++;
    const lists: Iterable<Change>[] = [];
    for (const { task } of tasks)
      lists.push((await nearestOf(task, wanted)) ?? task.current(undefined, wanted.at) ?? []);
    this.#open.set(scan, batched(inTurn(lists)));
    return { scan, partitions: tasks.map(({ partition }) => partition) };
  }

  /** The next rows; empty at the end. */
  next(scan: number): readonly PulledChange[] {
    const batch = this.#open.get(scan)?.next().value;
    if (batch === undefined) this.end(scan);
    return batch?.map(plain) ?? [];
  }

  end(scan: number): void {
    this.#open.get(scan)?.return(undefined);
    this.#open.delete(scan);
  }
  endAll(): void {
    for (const scan of [...this.#open.keys()]) this.end(scan);
  }
}

/** What a standby task holds does not follow its state. */
const nearestOf = (
  task: Task,
  { nearest, isStandby }: WantedRows,
): Promise<readonly Change[] | undefined> | undefined =>
  nearest === undefined || isStandby === true ? undefined : task.nearest(nearest);

const plain = ({ key, after, timestamp, window }: Change): PulledChange => ({ key, after, timestamp, window });

function* inTurn(lists: readonly Iterable<Change>[]): Generator<Change> {
  for (const list of lists) yield* list;
}
