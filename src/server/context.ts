import type { Engine } from '../engine/engine.ts';
import type { PushQueries } from '../engine/query-stream.ts';
import type { ServedRegistry, StateBackend } from '../engine/ports.ts';
import type { Metrics } from './metrics.ts';

/** What routes work with. */
export interface ServerContext {
  readonly engine: Engine;
  readonly pushQueries: PushQueries;
  readonly newBackend: () => StateBackend;
  readonly metrics: Metrics;
  /** The schema registry that this node holds, if none is configured. */
  readonly registry: ServedRegistry | undefined;
  /** Statements that change anything are refused: the server runs a file of queries. */
  readonly readOnly: boolean;
  readonly version: string;
}
