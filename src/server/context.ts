import type { Engine } from '../engine/engine.ts';
import type { PushQueries } from '../engine/query-stream.ts';
import type { StateBackend } from '../engine/ports.ts';
import type { Metrics } from './metrics.ts';

/** What routes work with. */
export interface ServerContext {
  readonly engine: Engine;
  readonly pushQueries: PushQueries;
  readonly newBackend: () => StateBackend;
  readonly metrics: Metrics;
  /** Statements that change anything are refused: the server runs a file of queries. */
  readonly readOnly: boolean;
  readonly version: string;
}
