import type { SchemaSource } from '../../formats/define.ts';
import type { SourceStep } from '../../plan/physical/steps/source.ts';
import type { RecordView } from '../../records/batch.ts';
import type { ErasedSpec, Erasures } from '../../specs/erasure.ts';
import type { Change } from '../change.ts';
import { ErasedEntities } from '../erased-entities.ts';
import type { ChangeDecoder } from './input-merger.ts';
import { RepartitionDecoder } from './repartition.ts';
import { SourceDecoder, type BadRecord } from '../source-decoder.ts';

/** Decodes the records of a feature view's topic, and leaves out those of entities that were erased after them. */
class ErasingDecoder {
  readonly #decoder: SourceDecoder;
  /** Reads the entity of a record. */
  readonly #entity: SourceDecoder;
  readonly #erased: ErasedEntities;
  readonly #width: number;

  constructor(step: SourceStep, erasures: Erasures, schemas: SchemaSource, onBad: (record: BadRecord) => void) {
    const { where: _where, parts: _parts, keyUnread: _keyUnread, ...bare } = step;
    this.#decoder = new SourceDecoder(step, schemas, onBad);
    this.#entity = new SourceDecoder({ ...bare, reads: erasures.columns }, schemas, () => undefined);
    this.#erased = new ErasedEntities(erasures);
    this.#width = erasures.columns.length;
  }

  decode(record: RecordView, partition: number, sequence: number): Change | undefined {
    if (!this.#erased.arePast(partition, record.offset)) {
      const entity = this.#entity.decode(record, partition, sequence)?.after;
      if (entity !== undefined && this.#erased.covers(entity.slice(0, this.#width), partition, record.offset))
        return undefined;
    }
    return this.#decoder.decode(record, partition, sequence);
  }
}

/** The decoder of a source, which leaves out what was erased of it; without a step, of a repartition topic. */
export function decoderOf(
  step: SourceStep | undefined,
  erased: ErasedSpec | undefined,
  schemas: SchemaSource,
  onBad: (record: BadRecord) => void,
): ChangeDecoder {
  if (step === undefined) return new RepartitionDecoder();
  const erasures = erased?.reads[step.source.name];
  return erasures === undefined
    ? new SourceDecoder(step, schemas, onBad)
    : new ErasingDecoder(step, erasures, schemas, onBad);
}
