import type { Catalog } from '../catalog/catalog.ts';
import type { Engine } from '../engine/engine.ts';
import type { Command } from '../engine/commands.ts';
import type { Session } from '../engine/session.ts';

/** What a handler works with. */
export interface Execution {
  readonly engine: Engine;
  readonly session: Session;
  /** Appends a command for all nodes and applies it here; gives its number. */
  readonly distribute: (command: Command) => Promise<number>;
  /** The statement as it was written, without variables. */
  readonly text: string;
}

/** ksqlDB's answer to a statement: `@type` and the fields that go with it. */
export interface Entity {
  readonly '@type': string;
  readonly statementText: string;
  readonly warnings: readonly { readonly message: string }[];
  readonly [field: string]: unknown;
}

export type Handler<S> = (statement: S, execution: Execution) => Promise<Entity | undefined>;

/** Whether the catalogue of an earlier start shows that a statement of a headless node's file has run. */
export type HasRun<S> = (statement: S, catalog: Catalog, text: string) => boolean;

export function entity(type: string, text: string, fields: Record<string, unknown>): Entity {
  return { '@type': type, statementText: text, warnings: [], ...fields };
}

/** The answer to a statement that changed the catalogue. */
export function currentStatus(
  text: string,
  commandId: string,
  message: string,
  commandSequenceNumber: number,
  queryId: string | null = null,
): Entity {
  return entity('currentStatus', text, {
    commandId,
    commandStatus: { status: 'SUCCESS', message, queryId },
    commandSequenceNumber,
  });
}

/** The answer to IF NOT EXISTS on what exists, and IF EXISTS on what does not. */
export function warning(text: string, message: string): Entity {
  return entity('warning_entity', text, { message });
}
