import { batchHeader, readBatchInfo, RecordCursor } from '../../records/batch.ts';
import { UnknownSchema } from '../../formats/define.ts';
import type { SchemaCache } from '../schema-cache.ts';
import type { Lease } from '../../util/lease.ts';
import type { Change } from '../change.ts';
import type { FetchTarget, Position } from '../ports/log.ts';

/** Makes changes of records, or throws `UnknownSchema`; undefined for one that cannot be read, which was reported. */
export interface ChangeDecoder {
  decode(record: RecordCursor, partition: number, sequence: number): Change | undefined;
}

interface Waiting {
  readonly batch: Buffer;
  /** Of the last batch of an answer. */
  readonly lease: Lease | undefined;
}

/** Where changes that were taken wait for the pipeline that they are for: several inputs may share one. */
export class Inlet {
  changes: Change[] = [];
}

/** One partition of one source: batches that were fetched, and the next change of them. */
export class InputPartition implements FetchTarget {
  readonly stepId: string;
  readonly topic: string;
  readonly partition: number;
  /** Which of its topic's readers in the query it is. */
  readonly reader: number;
  readonly #inlet: Inlet;
  readonly #decoder: ChangeDecoder;
  readonly #cursor = new RecordCursor();
  #batches: Waiting[] = [];
  /** The memory of the batch that is open, when it is the last one there. */
  #lease: Lease | undefined;
  #bytes = 0;
  #head: Change | undefined;
  #headOffset = -1;
  #isOpen = false;
  /** The schema of the record at the cursor, which must be fetched before that can be read. */
  missingSchema: number | undefined;
  /** The next offset that no change was taken from yet. */
  position: number;
  fetched: number;
  knownEnd = Infinity;
  /** How many were read, also those that made no change. */
  records = 0;

  constructor(
    stepId: string,
    { topic, partition, reader, offset }: Position,
    decoder: ChangeDecoder,
    inlet: Inlet = new Inlet(),
  ) {
    this.stepId = stepId;
    this.topic = topic;
    this.partition = partition;
    this.reader = reader;
    this.#decoder = decoder;
    this.#inlet = inlet;
    this.position = offset;
    this.fetched = offset;
  }

  /** Adds uncompressed batches in order; their memory is held until the last of them has been read. */
  add(batches: readonly Buffer[], lease?: Lease): void {
    if (batches.length > 0) lease?.hold();
    for (const [i, batch] of batches.entries()) {
      this.fetched = readBatchInfo(batch, 0, batch.length)!.lastOffset + 1;
      this.#batches.push({ batch, lease: i === batches.length - 1 ? lease : undefined });
      this.#bytes += batch.length;
    }
  }

  /** How many bytes wait to be read. */
  get buffered(): number {
    return this.#bytes;
  }
  get isEmpty(): boolean {
    return this.#head === undefined && !this.#isOpen && this.#batches.length === 0;
  }

  /** The offset behind everything that was taken: what a commit records. Control batches at the end are behind it too. */
  get reached(): number {
    return this.isEmpty ? this.fetched : this.position;
  }

  #seen = 0;
  /** Whether records came since the last call, also such that made no change. */
  takeArrived(): boolean {
    const isNew = this.records !== this.#seen;
    this.#seen = this.records;
    return isNew;
  }

  /** The next change, or undefined at the end of what was fetched. Records that nobody wants and bad ones are passed over. */
  peek(): Change | undefined {
    if (this.missingSchema !== undefined && !this.#decode()) return undefined;
    while (this.#head === undefined) {
      if (!this.#isOpen) {
        const next = this.#batches.shift();
        if (next === undefined) return undefined;
        const { batch } = next;
        this.#lease = next.lease;
        this.#bytes -= batch.length;
        this.#cursor.open(batch, batchHeader, readBatchInfo(batch, 0, batch.length)!);
        this.#isOpen = true;
      }
      if (!this.#cursor.next()) {
        this.#isOpen = false;
        this.#lease?.release();
        continue;
      }
      if (this.#cursor.offset < this.position) continue;
      this.records++;
      this.#headOffset = this.#cursor.offset;
      if (!this.#decode()) return undefined;
    }
    return this.#head;
  }

  /** Reads the record at the cursor; false when its schema must be fetched first. */
  #decode(): boolean {
    try {
      this.#head = this.#decoder.decode(this.#cursor, this.partition, 0);
    } catch (error) {
      if (!(error instanceof UnknownSchema)) throw error;
      this.missingSchema = error.id;
      return false;
    }
    this.missingSchema = undefined;
    if (this.#head === undefined) this.position = this.#headOffset + 1;
    return true;
  }

  /** Passes the change that `peek` gave on to its inlet, numbered. */
  take(sequence: number): void {
    const head = this.#head as Change & { sequence: number };
    this.#head = undefined;
    this.position = this.#headOffset + 1;
    head.sequence = sequence;
    this.#inlet.changes.push(head);
  }
  /** Goes on where the partition begins by now: what is before that is gone. */
  skipTo(first: number): void {
    if (this.fetched < first) this.fetched = this.position = first;
  }
  get offset(): number {
    return this.#headOffset;
  }
}

/** Fetches the schemas that inputs wait for; throws when the registry does not answer. */
export async function loadMissing(inputs: readonly InputPartition[], schemas: SchemaCache): Promise<boolean> {
  const missing = new Set(inputs.flatMap(({ missingSchema }) => missingSchema ?? []));
  for (const id of missing) await schemas.load(id);
  return missing.size > 0;
}

/** The record that a change came from; behind a repartition it is the record between the stages. */
export interface Origin {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** Where each change of a micro-batch came from, by its sequence number; its memory is used again for the next one. */
export class Origins {
  #inputs: InputPartition[] = [];
  #which = new Uint16Array(1024);
  #offsets = new Float64Array(1024);
  count = 0;

  add(input: InputPartition): void {
    if (this.count === this.#offsets.length) this.#grow();
    let which = this.#inputs.indexOf(input);
    if (which < 0) which = this.#inputs.push(input) - 1;
    this.#which[this.count] = which;
    this.#offsets[this.count++] = input.offset;
  }
  #grow(): void {
    const which = new Uint16Array(this.count * 2);
    which.set(this.#which);
    this.#which = which;
    const offsets = new Float64Array(this.count * 2);
    offsets.set(this.#offsets);
    this.#offsets = offsets;
  }

  /** Of the change with this sequence number; undefined when it has none. */
  of(sequence: number): Origin | undefined {
    if (sequence < 0 || sequence >= this.count) return undefined;
    const { topic, partition } = this.#inputs[this.#which[sequence]!]!;
    return { topic, partition, offset: this.#offsets[sequence]! };
  }

  /** Forgets all: a new micro-batch begins. */
  clear(): void {
    this.count = 0;
    this.#inputs = [];
  }
}

/**
 * Takes up to `maximum` changes of all inputs in order of their time, as if they came one at a time, numbered on from what
 * `origins` holds, into their inlets. An input alone, or stateless work, needs no order among partitions.
 */
export function takeBatch(
  inputs: readonly InputPartition[],
  maximum: number,
  ordered: boolean,
  origins: Origins,
): void {
  const take = (input: InputPartition): void => {
    input.take(origins.count);
    origins.add(input);
  };
  if (!ordered || inputs.length === 1) {
    const share = Math.max(1, Math.ceil(maximum / inputs.length));
    for (const input of inputs) {
      for (let i = 0; i < share && input.peek() !== undefined; i++) take(input);
    }
    return;
  }
  for (let taken = 0; taken < maximum; taken++) {
    let first: InputPartition | undefined;
    let time = Infinity;
    for (const input of inputs) {
      const head = input.peek();
      // What comes first cannot be told before the record can be read.
      if (input.missingSchema !== undefined) return;
      if (head !== undefined && head.timestamp < time) {
        first = input;
        time = head.timestamp;
      }
    }
    if (first === undefined) return;
    take(first);
  }
}
