import type { Row } from '../types/sql-type.ts';
import type { PhysicalPlan } from '../plan/physical/step.ts';
import { subTopologies, type SubTopology } from '../plan/physical/topology.ts';
import { unmoved } from '../plan/physical/unmoved.ts';
import { reporters, type BuildContext } from './builders/context.ts';
import type { RunSettings } from './run-settings.ts';
import { batchOf, noChanges, rowsOf, type Batch } from './batch.ts';
import type { Change } from './change.ts';
import { keyPlacer, type PlaceKey } from './key-placer.ts';
import type { RecordPosition } from './operator.ts';
import type { FailureSink } from './failures.ts';
import { Inlet } from './task/input-merger.ts';
import { Pipeline } from './pipeline.ts';
import { Answers } from './ports/answers.ts';
import type { ModelHost } from './ports/model-host.ts';
import type { StateBackend, StateWriter } from './ports/state-backend.ts';

export interface TopologyOptions {
  readonly backend: StateBackend;
  /** The prefix of all keys of this query's state. */
  readonly statePrefix: string | Buffer;
  readonly partitions: number;
  /** Runs only this sub-topology on one partition; the others run in other tasks. Its output is returned and not passed on. */
  readonly part?: number | undefined;
  /** The partition that the part runs on, of how many; for a whole plan they are those of the pipelines. */
  readonly place?: { readonly partition: number; readonly partitions: number } | undefined;
  /** The number of partitions of a topic; by default all topics have the same. */
  readonly partitionsOf?: (topic: string) => number;
  readonly settings: RunSettings;
  readonly models: ModelHost | undefined;
  readonly failures: FailureSink;
  readonly rareCommits?: boolean | undefined;
  readonly isRetaken?: () => boolean;
  readonly answers?: Answers | undefined;
  readonly isCareful?: (() => boolean) | undefined;
}

/** A change read from a source, with its source and partition. */
export interface SourceChange {
  readonly stepId: string;
  readonly partition: number;
  readonly change: Change;
}

/** The output of a micro-batch or a part of it; a promise only when an operator waits. */
export type Result = Batch | Promise<Batch>;

/**
 * A sub-topology on one partition: the wall-clock time of its last input, and whether it has been closed as idle since then.
 */
interface Partition {
  readonly pipeline: Pipeline;
  readonly inlets: ReadonlyMap<string, Inlet>;
  lastInput: number;
  isClosed: boolean;
}
const nothing = (): undefined => undefined;
const ticked = ({ pipeline }: Partition): Result => pipeline.tick();
const isIdle = ({ lastInput, isClosed }: Partition, since: number): boolean => !isClosed && lastInput < since;

/**
 * The pipelines of a task. Either the whole query (one pipeline per sub-topology and partition, with repartitions in memory),
 * or a single pipeline, whose output the task writes to the repartition topic.
 */
export class LocalTopology {
  readonly #parts: readonly SubTopology[];
  readonly #pipelines: readonly (readonly Partition[])[];
  readonly #partitions: number;
  readonly #isSingle: boolean;
  readonly #answers: Answers;
  readonly #sourcePart = new Map<string, number>();
  /** For each sub-topology that feeds another: the partition of a key there. */
  readonly #places: readonly ((key: Row) => number)[];

  constructor(plan: PhysicalPlan, options: TopologyOptions) {
    this.#answers = options.answers ?? new Answers();
    const isTogether = options.part === undefined && options.partitions === 1;
    const parts = subTopologies(isTogether ? unmoved(plan) : plan);
    this.#parts = options.part === undefined ? parts : [parts[options.part]!];
    this.#partitions = options.partitions;
    this.#isSingle = this.#parts.length === 1 && this.#partitions === 1;
    for (const [i, part] of this.#parts.entries()) for (const input of part.inputs) this.#sourcePart.set(input.id, i);
    this.#places = this.#parts.map(({ output }) => {
      const place: PlaceKey = keyPlacer(output?.like);
      const known = output?.like && options.partitionsOf?.(output.like.topic);
      const partitions = known ?? options.partitions;
      return (key) => place(key, partitions);
    });
    this.#pipelines = this.#parts.map((part) =>
      Array.from({ length: options.partitions }, (_, partition) => partitionOf(part, partition, options)),
    );
  }

  #at(stepId: string, partition: number): Partition {
    return this.#pipelines[this.#sourcePart.get(stepId)!]![partition % this.#partitions]!;
  }
  /** The inlet that collects a source's changes until `run`. */
  inlet(stepId: string, partition: number): Inlet {
    return this.#at(stepId, partition).inlets.get(stepId)!;
  }
  /** Records input of a source, also when it made no changes, so that the source does not count as idle. */
  arrived(stepId: string, partition: number, now: number): void {
    const pipeline = this.#at(stepId, partition);
    pipeline.lastInput = now;
    pipeline.isClosed = false;
  }

  /** Runs one micro-batch through all sub-topologies; returns the result's changes in order of sequence. */
  process(batch: readonly SourceChange[]): Result {
    for (const { stepId, partition, change } of batch) this.inlet(stepId, partition).changes.push(change);
    return this.#runParts(0);
  }

  /**
   * Runs the changes in the inlets. A single pipeline may be run several times per micro-batch, and conflated changes come with
   * `drain`. Several pipelines run a micro-batch completely.
   */
  run(): Result {
    if (!this.#isSingle) return this.#runParts(0, this.#isAnswered ? ticked : nothing);
    const only = this.#pipelines[0]![0]!;
    const inputs = takeChanges(only);
    if (inputs === undefined) return noChanges;
    only.lastInput = performance.now();
    only.isClosed = false;
    return only.pipeline.process(inputs);
  }
  /** Whether answers may have come for pipelines without input, while others have some. */
  get #isAnswered(): boolean {
    if (this.#answers.waiting === 0) return false;
    return this.#pipelines.some((list) => list.some(({ inlets }) => hasChanges(inlets)));
  }
  /** Ends a micro-batch: emits conflated changes in pieces. The caller must await each piece before taking the next. */
  drain(): Iterable<Result> {
    return this.#isSingle ? this.#pipelines[0]![0]!.pipeline.drain() : [];
  }

  /**
   * Closes partitions without input since `idleSince` (wall-clock time): emits what waits for stream time. Once until new input
   * arrives.
   */
  closeIdle(idleSince: number): Result {
    const isDue = this.#pipelines.some((list) => list.some((candidate) => isIdle(candidate, idleSince)));
    if (!isDue) return noChanges;
    return this.#runParts(0, (partition) => {
      if (!isIdle(partition, idleSince)) return undefined;
      partition.isClosed = true;
      return partition.pipeline.closeIdle();
    });
  }
  /** Lets operators that go by the clock emit what is due, where no input is waiting. */
  tick(): Result {
    return this.#runParts(0, ticked);
  }

  #runParts(from: number, withoutInput: (partition: Partition) => Result | undefined = nothing): Result {
    let last = noChanges;
    for (let i = from; i < this.#parts.length; i++) {
      const outputs = this.#runPart(i, withoutInput);
      if (outputs instanceof Promise) {
        return outputs.then((changes) => {
          last = this.#route(i, changes);
          return i + 1 < this.#parts.length ? this.#runParts(i + 1, withoutInput) : last;
        });
      }
      last = this.#route(i, outputs);
    }
    return last;
  }

  #runPart(index: number, withoutInput: (partition: Partition) => Result | undefined): Batch[] | Promise<Batch[]> {
    const results: Result[] = [];
    let waits = false;
    for (const partition of this.#pipelines[index]!) {
      const inputs = takeChanges(partition);
      if (inputs !== undefined) {
        partition.lastInput = performance.now();
        partition.isClosed = false;
      }
      const result = inputs === undefined ? withoutInput(partition) : partition.pipeline.processAll(inputs);
      if (result === undefined) continue;
      waits ||= result instanceof Promise;
      results.push(result);
    }
    return waits ? Promise.all(results.map((result) => Promise.resolve(result))) : (results as Batch[]);
  }

  /**
   * Passes the output of a sub-topology to those behind its repartition; returns the output of the last one, the query's
   * result.
   */
  #route(index: number, outputs: readonly Batch[]): Batch {
    const batch = outputs.length === 1 ? outputs[0]! : merged(outputs);
    const { output } = this.#parts[index]!;
    const target = output && this.#sourcePart.get(output.id);
    if (output === undefined || target === undefined) return batch;
    const placeOf = this.#places[index]!;
    const inlets = this.#pipelines[target]!.map((partition) => partition.inlets.get(output.id)!);
    for (const change of rowsOf(batch)) inlets[placeOf(change.key)]!.changes.push(change);
    return noChanges;
  }

  /** Writes all changes of state since the last flush. */
  flush(into: StateWriter): void {
    for (const pipelines of this.#pipelines) for (const { pipeline } of pipelines) pipeline.flush(into);
  }
  /** Whether a store's cache exceeds its size, so that a commit should flush and evict entries. */
  get isFull(): boolean {
    return this.#pipelines.some((list) => list.some(({ pipeline }) => pipeline.isFull));
  }

  /** The current rows of the result; undefined when the query's result is not held as a table. */
  current(key?: Row): Iterable<Change> | undefined {
    const lists = this.#pipelines.at(-1)!.map(({ pipeline }) => pipeline.current(key));
    return lists.every((list) => list !== undefined) ? concat(lists) : undefined;
  }

  /** The values of calls of the last part over a key's frames as they are at a time, from the partition that has the key. */
  valuesAt(stepId: string, key: Row, time: number): Row {
    let empty: Row = [];
    for (const { pipeline } of this.#pipelines.at(-1)!) {
      const found = pipeline.valuesAt(stepId, key, time);
      if (found?.isEmpty === false) return found.values;
      empty = found?.values ?? empty;
    }
    return empty;
  }
}

function partitionOf(part: SubTopology, partition: number, options: TopologyOptions): Partition {
  const { statePrefix } = options;
  const start = typeof statePrefix === 'string' ? Buffer.from(`${statePrefix}/`) : statePrefix;
  const end = options.part === undefined ? `${partition}/` : '';
  const position: RecordPosition = { sequence: 0 };
  const context: Omit<BuildContext, 'register'> = {
    location: (stepId, name) => ({
      backend: options.backend,
      prefix: Buffer.concat([start, Buffer.from(`${stepId}/${name}/${end}`)]),
      cacheBytes: options.settings.cacheBytes,
    }),
    ...reporters(options.failures, position),
    position,
    models: options.models,
    conflate: options.settings.conflate,
    limits: options.settings.limits,
    rareCommits: options.rareCommits ?? false,
    place: options.place ?? { partition, partitions: options.partitions },
    isRetaken: options.isRetaken,
    answers: options.answers,
    records: options.failures.origins,
    isCareful: options.isCareful,
  };
  return {
    pipeline: new Pipeline(part, context),
    inlets: new Map(part.inputs.map(({ id }) => [id, new Inlet()])),
    lastInput: performance.now(),
    isClosed: false,
  };
}

const hasChanges = (inlets: Partition['inlets']): boolean =>
  [...inlets.values()].some(({ changes }) => changes.length > 0);

/** Takes the changes out of a pipeline's inlets; undefined when there are none. */
function takeChanges({ inlets }: Partition): Map<string, Batch> | undefined {
  let inputs: Map<string, Batch> | undefined;
  for (const [id, inlet] of inlets) {
    if (inlet.changes.length === 0) continue;
    (inputs ??= new Map()).set(id, batchOf(inlet.changes));
    inlet.changes = [];
  }
  return inputs;
}

/** Merges the changes of several partitions in order of sequence. */
const merged = (outputs: readonly Batch[]): Batch =>
  batchOf(outputs.flatMap(rowsOf).sort((a, b) => a.sequence - b.sequence));

function* concat(lists: readonly Iterable<Change>[]): Iterable<Change> {
  for (const list of lists) yield* list;
}
