import type { Connect, ConnectorInfo, ConnectorPlugin, ConnectorStatus } from '../../src/runtime/ports/connect.ts';

const plugin = 'org.example.LinesSource';

/** An in-memory Kafka Connect that remembers connectors and runs none. */
export class MemoryConnect implements Connect {
  readonly #configs = new Map<string, Readonly<Record<string, string>>>();

  create(name: string, config: Readonly<Record<string, string>>): Promise<ConnectorInfo> {
    this.#configs.set(name, config);
    return Promise.resolve({ name, type: 'source', config, tasks: [] });
  }
  remove(name: string): Promise<boolean> {
    return Promise.resolve(this.#configs.delete(name));
  }
  names(): Promise<readonly string[]> {
    return Promise.resolve([...this.#configs.keys()]);
  }
  info(name: string): Promise<ConnectorInfo | undefined> {
    const config = this.#configs.get(name);
    return Promise.resolve(config && { name, type: 'source', config, tasks: [] });
  }
  status(name: string): Promise<ConnectorStatus | undefined> {
    const connector = { state: 'RUNNING', worker_id: 'w' };
    return Promise.resolve(this.#configs.has(name) ? { name, type: 'source', connector, tasks: [] } : undefined);
  }
  topics(): Promise<readonly string[]> {
    return Promise.resolve(['lines']);
  }
  plugins(): Promise<readonly ConnectorPlugin[]> {
    return Promise.resolve([{ class: plugin, type: 'source', version: '1' }]);
  }
}
