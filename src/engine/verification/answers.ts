import { isFeature, type SourceObject } from '../../catalog/catalog.ts';
import type { SourceStep } from '../../plan/physical/steps/source.ts';
import type { TopicRecord } from '../../runtime/ports/node.ts';
import type { SchemaCache } from '../../runtime/schema-cache.ts';
import type { Change } from '../../runtime/change.ts';
import type { Row, SqlType, Value } from '../../types/sql-type.ts';
import type { Engine } from '../engine.ts';
import { RecordDecoder } from '../record-decoder.ts';
import { wholeStep } from '../source-reader.ts';

/** A row of a view as its topic has it. */
export interface Answer {
  readonly entity: Row;
  /** The feature time. */
  readonly time: number;
  readonly windowStart: number;
  /** The features; undefined for a row that was deleted. */
  readonly values: Row | undefined;
}

/** The columns of a view, by what they are for. */
export class ViewColumns {
  readonly entity: readonly string[];
  readonly time: string;
  readonly features: readonly { readonly name: string; readonly type: SqlType }[];
  readonly isWindowed: boolean;

  constructor({ spec, featureView }: SourceObject) {
    this.entity = featureView!.entityKey;
    this.time = featureView!.timestamp ?? 'ROWTIME';
    this.features = spec.schema.filter(({ name }) => isFeature(featureView!, name));
    this.isWindowed = spec.window !== undefined;
  }
}

/** Reads records of a view's topic as answers. */
export class AnswerDecoder {
  readonly #decoder: RecordDecoder;
  readonly #reads: readonly string[];
  readonly #entity: readonly number[];
  readonly #keys: readonly string[];
  readonly #features: readonly number[];
  readonly #time: number;
  readonly #rowTime: number;
  readonly #start: number;

  constructor({ spec }: SourceObject, columns: ViewColumns, schemas: SchemaCache) {
    const step: SourceStep = wholeStep(spec);
    this.#decoder = new RecordDecoder(step, schemas);
    this.#reads = step.reads;
    const slot = (name: string): number => step.reads.indexOf(name);
    this.#entity = columns.entity.map(slot);
    this.#keys = spec.schema.filter(({ role }) => role === 'key').map(({ name }) => name);
    this.#features = columns.features.map(({ name }) => slot(name));
    this.#time = slot(columns.time);
    this.#rowTime = slot('ROWTIME');
    this.#start = slot('WINDOWSTART');
  }

  /** The answer in a record; undefined for one that cannot be read. */
  async decode(record: TopicRecord): Promise<Answer | undefined> {
    const change = await this.#decoder.decode(record);
    return change && this.#answerOf(change);
  }

  #answerOf({ key, after, timestamp, window }: Change): Answer {
    if (after === undefined) {
      const entity = this.#entity.map((slot): Value => key[this.#keys.indexOf(this.#reads[slot]!)] ?? null);
      return { entity, time: timestamp, windowStart: window?.start ?? 0, values: undefined };
    }
    const at = (slot: number): Value => after[slot] ?? null;
    return {
      entity: this.#entity.map(at),
      time: Number(at(this.#time) ?? at(this.#rowTime)),
      windowStart: this.#start < 0 ? 0 : Number(at(this.#start)),
      values: this.#features.map(at),
    };
  }
}

/** The records of a topic up to its end of now. */
export async function* recordsOf(topic: string, { node }: Engine): AsyncIterable<readonly TopicRecord[]> {
  const reader = await node.openReader(topic, 'beginning');
  try {
    while (!reader.caughtUp) yield await reader.poll(5000, 100);
  } finally {
    reader.close();
  }
}

/** The end of each partition of some topics. */
export async function endsOf(
  topics: readonly string[],
  { node }: Engine,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const ends = new Map<string, readonly number[]>();
  for (const topic of topics) {
    const reader = await node.openReader(topic, 'end');
    ends.set(topic, [...reader.positions]);
    reader.close();
  }
  return ends;
}
