import { batchHeader, readBatchInfo, RecordCursor, type RecordHeader } from '../../records/batch.ts';
import { UnknownSchema } from '../../formats/define.ts';
import type { SchemaCache } from '../schema-cache.ts';
import type { Lease } from '../../util/lease.ts';
import { copyOf } from '../record-copy.ts';
import type { Change } from '../change.ts';
import type { RecordPlace } from '../failures.ts';
import type { FetchTarget, Position } from '../ports/log.ts';
import type { Place, SkippedRecords } from './attempt.ts';

/** Makes a change of a record; undefined for one that cannot be decoded, which it has reported. Throws `UnknownSchema`. */
export interface ChangeDecoder {
  decode(record: RecordCursor, partition: number, sequence: number): Change | undefined;
}

interface Waiting {
  readonly batch: Buffer;
  /** The lease of the last batch of a fetch. */
  readonly lease: Lease | undefined;
}

/** Buffers changes for a pipeline; several inputs may share one. */
export class Inlet {
  changes: Change[] = [];
}

/** One partition of one source: its fetched batches, and its next change. */
export class InputPartition implements FetchTarget {
  readonly stepId: string;
  readonly topic: string;
  readonly partition: number;
  /** The number of its reader among those of the topic in the query. */
  readonly reader: number;
  readonly #inlet: Inlet;
  readonly #decoder: ChangeDecoder;
  readonly #cursor = new RecordCursor();
  #batches: Waiting[] = [];
  /** The lease of the open batch, if that is the last one of its fetch. */
  #lease: Lease | undefined;
  #bytes = 0;
  #head: Change | undefined;
  #headOffset = -1;
  #isOpen = false;
  /** The schema to fetch before the record at the cursor can be decoded. */
  missingSchema: number | undefined;
  /** The offset after the last change taken. */
  position: number;
  fetched: number;
  knownEnd = Infinity;
  /** Whether decoding the record `head` threw. */
  isUnreadable = false;
  readonly #skipped: readonly SkippedRecords[];
  /** The records read, including those without a change. */
  records = 0;
  /** Records that were deleted before they were read. */
  expired = 0;

  constructor(
    stepId: string,
    { topic, partition, reader, offset }: Position,
    decoder: ChangeDecoder,
    inlet: Inlet = new Inlet(),
    skipped: readonly SkippedRecords[] = [],
  ) {
    this.stepId = stepId;
    this.topic = topic;
    this.partition = partition;
    this.reader = reader;
    this.#decoder = decoder;
    this.#inlet = inlet;
    this.#skipped = skipped;
    this.position = offset;
    this.fetched = offset;
  }

  /** Adds uncompressed batches in order; their memory is held until the last one has been read. */
  add(batches: readonly Buffer[], lease?: Lease): void {
    if (batches.length > 0) lease?.hold();
    for (const [i, batch] of batches.entries()) {
      this.fetched = readBatchInfo(batch, 0, batch.length)!.lastOffset + 1;
      this.#batches.push({ batch, lease: i === batches.length - 1 ? lease : undefined });
      this.#bytes += batch.length;
    }
  }

  /** Bytes that are not read yet. */
  get buffered(): number {
    return this.#bytes;
  }
  get isEmpty(): boolean {
    return this.#head === undefined && !this.#isOpen && this.#batches.length === 0;
  }

  /** The offset to commit: after everything taken, control batches at the end included. */
  get reached(): number {
    return this.isEmpty ? this.fetched : this.position;
  }

  #seen = 0;
  /** Whether records were read since the last call, including those without a change. */
  takeArrived(): boolean {
    const isNew = this.records !== this.#seen;
    this.#seen = this.records;
    return isNew;
  }

  /** The next change; undefined at the end of the fetched records. Skips unwanted and undecodable records. */
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
      if (this.#skipped.length > 0 && this.#skipped.some((skipped) => skipped.takes(this.#headOffset))) {
        this.position = this.#headOffset + 1;
        continue;
      }
      if (!this.#decode()) return undefined;
    }
    return this.#head;
  }

  /** Decodes the record at the cursor; false if its schema must be fetched first. */
  #decode(): boolean {
    try {
      this.#head = this.#decoder.decode(this.#cursor, this.partition, 0);
    } catch (error) {
      if (!(error instanceof UnknownSchema)) {
        this.isUnreadable = true;
        throw error;
      }
      this.missingSchema = error.id;
      return false;
    }
    this.missingSchema = undefined;
    if (this.#head === undefined) this.position = this.#headOffset + 1;
    return true;
  }

  /** Passes the change of `peek` to the inlet, with a sequence number; returns its record's headers. */
  take(sequence: number): Change['headers'] {
    const head = this.#head as Change & { sequence: number };
    this.#head = undefined;
    this.position = this.#headOffset + 1;
    head.sequence = sequence;
    this.#inlet.changes.push(head);
    return head.headers;
  }
  /** A copy of the value of the record that was read last. */
  value(): Buffer | null {
    return copyOf(this.#cursor, 'value');
  }
  /** Moves to the partition's new start: records before it have been deleted, and those that were not read are counted. */
  skipTo(first: number): void {
    if (this.fetched >= first) return;
    this.expired += first - this.fetched;
    this.fetched = first;
    if (this.isEmpty) this.position = first;
  }
  /** Begins anew at the start of a partition that has fewer records than were read: it is another one. What was fetched is read first. */
  beginAgain(first: number): void {
    if (this.isEmpty) this.fetched = this.position = first;
  }
  get offset(): number {
    return this.#headOffset;
  }
  /** The record that was read last. */
  get head(): Place {
    const { topic, partition, reader, offset } = this;
    return { topic, partition, reader, offset };
  }
}

/** Fetches the schemas that inputs wait for; throws if the registry does not answer. */
export async function loadMissing(inputs: readonly InputPartition[], schemas: SchemaCache): Promise<boolean> {
  const missing = new Set(inputs.flatMap(({ missingSchema }) => missingSchema ?? []));
  for (const id of missing) await schemas.load(id);
  return missing.size > 0;
}

/** The most bytes of values that are kept for the processing log in a micro-batch. */
const mostRecordBytes = 32 << 20;

/** The source record of each change of a micro-batch, by sequence number; its memory is reused for the next one. */
export class Origins {
  #inputs: (Omit<RecordPlace, 'offset'> | undefined)[] = [];
  #which = new Uint16Array(1024);
  #offsets = new Float64Array(1024);
  /** The headers of those records that have any. */
  readonly #headers = new Map<number, readonly RecordHeader[]>();
  /** Copies of the records' values, kept if the processing log has them. */
  readonly #records = new Map<number, Buffer>();
  #recordBytes = 0;
  /** `ksql.logging.processing.rows.include`. */
  keepsRecords = false;
  count = 0;

  add(input: InputPartition, headers: Change['headers']): void {
    if (this.keepsRecords) this.#keep(input.value());
    if (headers !== undefined) this.#headers.set(this.count, headers);
    let which = this.#inputs.indexOf(input);
    if (which < 0) which = this.#inputs.push(input) - 1;
    this.#put(which, input.offset);
  }
  /** Adds a record of an earlier micro-batch; undefined for one that nobody knows. Returns its sequence number. */
  again(place: RecordPlace | undefined): number {
    let which = this.#inputs.findIndex(
      (input) =>
        input?.topic === place?.topic && input?.partition === place?.partition && input?.reader === place?.reader,
    );
    if (which < 0) which = this.#inputs.push(place) - 1;
    this.#put(which, place?.offset ?? -1);
    return this.count - 1;
  }
  #put(which: number, offset: number): void {
    if (this.count === this.#offsets.length) this.#grow();
    this.#which[this.count] = which;
    this.#offsets[this.count++] = offset;
  }
  #keep(value: Buffer | null): void {
    if (value === null || this.#recordBytes + value.length > mostRecordBytes) return;
    this.#recordBytes += value.length;
    this.#records.set(this.count, value);
  }
  /** The value of a record, if it is kept. */
  recordOf(sequence: number): Buffer | undefined {
    return this.#records.get(sequence);
  }
  #grow(): void {
    const which = new Uint16Array(this.count * 2);
    which.set(this.#which);
    this.#which = which;
    const offsets = new Float64Array(this.count * 2);
    offsets.set(this.#offsets);
    this.#offsets = offsets;
  }

  /**
   * The source record of a sequence number, undefined if there is none. After a repartition it is the record of the repartition
   * topic.
   */
  of(sequence: number): Place | undefined {
    if (sequence < 0 || sequence >= this.count) return undefined;
    const input = this.#inputs[this.#which[sequence]!];
    if (input === undefined) return undefined;
    const { topic, partition, reader } = input;
    return { topic, partition, reader, offset: this.#offsets[sequence]! };
  }

  /** Whether a record of the micro-batch has headers. */
  get hasHeaders(): boolean {
    return this.#headers.size > 0;
  }
  /** The headers of a change: its own, else those of the record that caused it. */
  headersOf({ headers, sequence }: Change): Change['headers'] {
    return headers ?? this.#headers.get(sequence);
  }

  /** Starts a new micro-batch. */
  clear(): void {
    if (this.#headers.size > 0) this.#headers.clear();
    if (this.#records.size > 0) this.#records.clear();
    this.#recordBytes = 0;
    this.count = 0;
    this.#inputs = [];
  }
}

/**
 * Moves up to `maximum` changes of all inputs into their inlets in order of time, as if they came one at a time, with sequence
 * numbers that continue those of `origins`. A single input, or stateless work, needs no order among partitions. Ends where an
 * input has run out of what was fetched and its topic has more, which may be earlier than what the others have: `hasMore` says so.
 */
export function takeBatch(
  inputs: readonly InputPartition[],
  maximum: number,
  ordered: boolean,
  origins: Origins,
  hasMore: (input: InputPartition) => boolean,
): void {
  const take = (input: InputPartition): void => {
    origins.add(input, input.take(origins.count));
  };
  if (!ordered || inputs.length === 1) {
    const share = Math.max(1, Math.ceil(maximum / inputs.length));
    for (const input of inputs) {
      for (let i = 0; i < share && input.peek() !== undefined; i++) take(input);
    }
    return;
  }
  for (let count = 0; count < maximum; count++) {
    let first: InputPartition | undefined;
    let time = Infinity;
    for (const input of inputs) {
      const head = input.peek();
      // Until that record can be decoded, its place in the order of time is unknown.
      if (input.missingSchema !== undefined) return;
      if (head === undefined) {
        if (hasMore(input)) return;
      } else if (head.timestamp < time) {
        first = input;
        time = head.timestamp;
      }
    }
    if (first === undefined) return;
    take(first);
  }
}
