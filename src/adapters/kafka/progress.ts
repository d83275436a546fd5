import type { BatchReport } from '../../runtime/ports/node.ts';
import { addedEvents, noEvents, type EventCounts } from '../../runtime/ports/counted-events.ts';
import type { TaskStatus } from './task-worker.ts';
import { noted, type NotedError } from '../../util/noted-error.ts';

type Count = 'in' | 'out' | 'errors' | 'restored' | 'expired';
const countsOf = (): Record<Count, number> => ({ in: 0, out: 0, errors: 0, restored: 0, expired: 0 });

/** A query's counts on this node, of the reports of its tasks. A task counts from zero each time that it is started. */
export class Progress {
  readonly #tasks = new Map<string, TaskStatus>();
  readonly #troubles = new Map<string, NotedError>();
  /** Of the tasks that have ended. */
  readonly #ended = countsOf();
  #endedEvents = noEvents;
  /** How often a task has failed. */
  failures = 0;

  /** Takes a report; returns what is new in it, and whether commits have succeeded since the last one. */
  take(task: TaskStatus): BatchReport & { readonly hasCommitted: boolean } {
    const known = this.#tasks.get(task.id);
    if (known !== undefined && known.run !== task.run) this.end(task.id);
    this.#tasks.set(task.id, task);
    if (task.trouble === undefined) this.#troubles.delete(task.id);
    else this.#troubles.set(task.id, noted(this.#troubles.get(task.id), task.trouble));
    const before = known?.run === task.run ? known : undefined;
    const batches = task.batches - (before?.batches ?? 0);
    return {
      recordsIn: task.in - (before?.in ?? 0),
      recordsOut: task.out - (before?.out ?? 0),
      seconds: (task.batchMs - (before?.batchMs ?? 0)) / Math.max(1, batches) / 1000,
      commits: task.commits - (before?.commits ?? 0),
      hasCommitted: task.settled > (before?.settled ?? 0),
    };
  }
  /** A task has ended: its counts remain, its lag is another one's. */
  end(id: string): void {
    const task = this.#tasks.get(id);
    if (task === undefined) return;
    this.#tasks.delete(id);
    this.#troubles.delete(id);
    for (const name of Object.keys(this.#ended) as Count[]) this.#ended[name] += task[name];
    this.#endedEvents = addedEvents(this.#endedEvents, task.events);
  }

  /** Whether a task has told of itself since it was started. */
  has(id: string): boolean {
    return this.#tasks.has(id);
  }
  total(name: Count): number {
    return [...this.#tasks.values()].reduce((sum, task) => sum + task[name], this.#ended[name]);
  }
  get events(): EventCounts {
    return [...this.#tasks.values()].reduce((sum, { events }) => addedEvents(sum, events), this.#endedEvents);
  }
  get errors(): number {
    return this.total('errors') + this.failures;
  }
  get lag(): number {
    return [...this.#tasks.values()].reduce((sum, { lag }) => sum + lag, 0);
  }
  /** What keeps a task from reading one of its topics. */
  get trouble(): NotedError | undefined {
    return [...this.#troubles.values()][0];
  }
}
