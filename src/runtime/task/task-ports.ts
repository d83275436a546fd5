import type { CommitObserver, InputLog, TaskLog } from '../ports/log.ts';
import type { ModelHost } from '../ports/model-host.ts';
import type { OnlineStores } from '../ports/online-store.ts';
import type { StateBackend } from '../ports/state-backend.ts';
import type { WorkMark } from '../ports/work-mark.ts';
import type { SchemaCache } from '../schema-cache.ts';
import type { Sink, SinkContext } from '../sinks/sink.ts';
import type { ErrorCollector } from './error-collector.ts';

/** What a task works with. */
export interface TaskPorts {
  readonly log: InputLog;
  /** Undefined for a task without commits, whose rows go to `sinks`. */
  readonly output: TaskLog | undefined;
  readonly backend: StateBackend;
  /** The prefix of all keys of the task's state. */
  readonly statePrefix: Buffer;
  readonly models: ModelHost | undefined;
  readonly stores?: OnlineStores | undefined;
  readonly schemas: SchemaCache;
  /** Replaces the plan's own sinks; the first one's records are counted. */
  readonly sinks?: (context: SinkContext) => readonly Sink[];
  readonly errors?: ErrorCollector;
  readonly observe?: CommitObserver | undefined;
  readonly mark?: WorkMark | undefined;
  /** Entries of state that are longer are kept in pieces; for tests. */
  readonly pieceBytes?: number;
}
