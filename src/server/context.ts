import type { Engine } from '../engine/engine.ts';
import type { ServedRegistry } from '../runtime/ports/schema-registry.ts';
import type { StateBackend } from '../runtime/ports/state-backend.ts';
import type { Access } from './access/access.ts';
import type { Metrics } from './metrics.ts';

/** What all routes need. */
export interface ServerContext {
  readonly engine: Engine;
  readonly newBackend: () => StateBackend;
  readonly metrics: Metrics;
  /** This node's own schema registry; undefined when another one is configured. */
  readonly registry: ServedRegistry | undefined;
  /** Statements that change anything are refused, because the server runs headless. */
  readonly readOnly: boolean;
  /** How long a request waits for the command that it names. */
  readonly commandTimeoutMs: number;
  readonly version: string;
  /** The name under which the other nodes of a cluster reach this one. */
  readonly advertised: string | undefined;
  /** Origins whose pages may use the server from a browser. */
  readonly allowedOrigins: readonly string[];
  /** Who may do what. */
  readonly access: Access;
}
