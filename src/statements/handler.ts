import type { Catalog } from '../catalog/catalog.ts';
import type { Engine } from '../engine/engine.ts';
import type { Command } from '../engine/commands.ts';
import type { Session } from '../engine/session.ts';
import type { EntityType } from './entity-types.ts';

/** What a handler works with. */
export interface Execution {
  readonly engine: Engine;
  readonly session: Session;
  /** Appends a command for all nodes and applies it on this node; returns its number. */
  readonly distribute: (command: Command) => Promise<number>;
  /** The statement's text with variables replaced. */
  readonly text: string;
}

/** ksqlDB's answer to a statement: `@type` and its fields. */
export interface Entity {
  readonly '@type': EntityType;
  readonly statementText: string;
  readonly warnings: readonly { readonly message: string }[];
  readonly [field: string]: unknown;
}

export type Handler<S> = (statement: S, execution: Execution) => Promise<Entity | undefined>;

/**
 * Whether the catalogue shows that a statement of a headless node's file was executed at an earlier start; `isSame` compares the
 * statement with one of the catalogue.
 */
export type HasRun<S> = (statement: S, catalog: Catalog, isSame: (stored: string) => boolean) => boolean;

export function entity(type: EntityType, text: string, fields: Record<string, unknown>): Entity {
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

/** The answer to IF NOT EXISTS for an existing object, and to IF EXISTS for a missing one. */
export function warning(text: string, message: string): Entity {
  return entity('warning_entity', text, { message });
}
