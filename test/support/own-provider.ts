import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadExtensions } from '../../src/functions/user/load.ts';

/** What the code of the test's provider does; it has no other way to tell. */
export interface Behaviour {
  readonly open?: (options: Record<string, unknown>, signature: unknown) => unknown;
  readonly score?: (rows: readonly Record<string, never>[], signal: AbortSignal) => unknown;
  readonly health?: () => unknown;
  readonly close?: () => unknown;
}
export const shared = globalThis as unknown as { behaviour: Behaviour };

/** Loads a module from a folder of its own. */
export async function loadModule(code: string, file = 'ext.mjs'): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-ext-'));
  writeFileSync(join(folder, file), code);
  return loadExtensions(folder);
}

/** Defines the provider MINE, which does what `shared.behaviour` says. */
export async function loadMine(): Promise<void> {
  await loadModule(`const open = (options, signature, signal) => {
      const { behaviour } = globalThis;
      const opened = behaviour.open?.(options, signature);
      const model = {
        scoreBatch: (rows, signal) => globalThis.behaviour.score(rows, signal),
        close: () => behaviour.close?.(),
        ...(behaviour.health && { health: () => globalThis.behaviour.health() }),
      };
      return opened === undefined ? model : Promise.resolve(opened).then((given) => given ?? model);
    };
    export const mine = { kind: 'provider', name: 'mine', doc: 'a test', open, options: {
      place: { type: 'STRING', doc: 'a', required: true, check: (value) => (value === 'nowhere' ? 'it must be somewhere' : undefined) },
      Level: { type: 'INTEGER', doc: 'a', default: 3 },
      ratio: { type: 'DOUBLE', doc: 'a' },
      loud: { type: 'BOOLEAN', doc: 'a', default: false },
      patience: { type: 'DURATION', doc: 'a', default: '2 SECONDS' },
      address: { type: 'URL', doc: 'a' },
      key: { type: 'STRING', doc: 'a', secret: true },
    } };`);
}

export const doubled = (rows: readonly Record<string, never>[]): number[] => rows.map(({ X }) => 2 * X!);
