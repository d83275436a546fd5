import { UnknownSchema } from '../formats/define.ts';
import type { SourceStep } from '../plan/physical/steps/source.ts';
import type { Change } from '../runtime/change.ts';
import type { TopicRecord } from '../runtime/ports/node.ts';
import type { SchemaCache } from '../runtime/schema-cache.ts';
import { SourceDecoder } from '../runtime/source-decoder.ts';
import { recordView } from './source-reader.ts';

/** Decodes single records of a source's topic, and fetches the schemas that they name. */
export class RecordDecoder {
  readonly #decoder: SourceDecoder;
  readonly #schemas: SchemaCache;

  constructor(step: SourceStep, schemas: SchemaCache) {
    this.#schemas = schemas;
    this.#decoder = new SourceDecoder(step, schemas, () => undefined);
  }

  /** The row in a record; undefined for one that cannot be read. Throws if the registry does not answer. */
  async decode(record: TopicRecord): Promise<Change | undefined> {
    const view = recordView(record);
    for (;;) {
      try {
        return this.#decoder.decode(view, record.partition, 0);
      } catch (error) {
        if (!(error instanceof UnknownSchema)) throw error;
        await this.#schemas.load(error.id);
      }
    }
  }
}
