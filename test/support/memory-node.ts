import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedNode, type EmbeddedNodeOptions } from '../../src/adapters/embedded/embedded-node.ts';
import { EmbeddedRegistry } from '../../src/adapters/registry/embedded-registry.ts';
import { testSchemas } from './schemas.ts';
import { ModelService } from '../../src/adapters/models/model-service.ts';
import { ReachedStores } from '../../src/adapters/online/reached-stores.ts';
import { RocksBackend } from '../../src/adapters/rocksdb/rocks-backend.ts';
import type { SourceObject } from '../../src/catalog/catalog.ts';
import { pendingVersions } from '../../src/catalog/view-versions.ts';
import { Engine } from '../../src/engine/engine.ts';
import { Session } from '../../src/engine/session.ts';
import type { Connect } from '../../src/runtime/ports/connect.ts';
import { executeScript } from '../../src/statements/index.ts';

export interface TestEngine {
  readonly engine: Engine;
  readonly folder: string;
  readonly run: (sql: string) => Promise<unknown[]>;
  /** Waits until every query has processed all records, and every version of a view that can be is live. */
  readonly settle: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Opens an engine on an embedded log in a temporary folder; every change is emitted. */
export async function openEngine(
  folder = mkdtempSync(join(tmpdir(), 'millrace-test-')),
  defaults: Record<string, string> = {},
  connect?: Connect,
  disk: Partial<Pick<EmbeddedNodeOptions, 'files' | 'openBackend' | 'sync' | 'pauses' | 'settings' | 'log'>> = {},
): Promise<TestEngine> {
  const models = new ModelService();
  const stores = new ReachedStores();
  const known = testSchemas(new EmbeddedRegistry(join(folder, 'schemas.json')));
  const node = await EmbeddedNode.open({
    folder,
    openBackend: (path) => RocksBackend.open(path),
    models,
    stores,
    schemas: known.schemas,
    serviceId: 'test_',
    sync: false,
    ...disk,
  });
  const engine = new Engine({
    node,
    models,
    stores,
    ...known,
    connect,
    serviceId: 'test_',
    defaults: { 'auto.offset.reset': 'earliest', 'cache.max.bytes.buffering': '0', ...defaults },
  });
  await engine.start();
  return {
    engine,
    folder,
    run: (sql) => executeScript({ name: 'test', text: sql }, engine, new Session(engine.defaults)),
    settle: async () => {
      for (let quiet = 0; quiet < 3;) {
        // A version of a view is to be live too, unless it stands.
        const isFilled = ({ createdBy }: SourceObject): boolean => {
          const state = createdBy === undefined ? undefined : node.status(createdBy)?.state;
          return state === 'RUNNING';
        };
        const isFilling = pendingVersions(engine.catalog).some(isFilled);
        const busy =
          isFilling ||
          [...engine.catalog.queries.keys()].some((id) => {
            const status = node.status(id);
            return status === undefined || (status.lag > 0 && status.state !== 'ERROR' && status.state !== 'PAUSED');
          });
        quiet = busy ? 0 : quiet + 1;
        await new Promise((resolve) => setTimeout(resolve, 4));
      }
    },
    close: () => engine.close(),
  };
}
