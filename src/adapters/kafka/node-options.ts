import type { BatchReport } from '../../runtime/ports/node.ts';
import type { SchemaRegistry } from '../../runtime/ports/schema-registry.ts';
import type { ClientSettings } from './client-config.ts';

/** What a node of a Kafka cluster is opened with. */
export interface KafkaNodeOptions {
  readonly settings: ClientSettings;
  readonly stateFolder: string;
  /** Where other nodes reach this one, such as http://10.0.0.4:8088. */
  readonly listener: string | undefined;
  /** The module of a worker thread. */
  readonly worker: URL;
  readonly registry: SchemaRegistry;
  readonly onBatch: (query: string, report: BatchReport) => void;
  readonly log: (text: string) => void;
}
