import type { Row } from '../types/sql-type.ts';
import type { PhysicalPlan } from '../plan/physical/step.ts';
import { subTopologies, type SubTopology } from '../plan/physical/topology.ts';
import { reporters, type BuildContext } from './builders/context.ts';
import type { RunSettings } from './run-settings.ts';
import { batchOf, noChanges, rowsOf, type Batch } from './batch.ts';
import type { Change } from './change.ts';
import { keyPlacer, type PlaceKey } from './key-placer.ts';
import type { RecordPosition } from './operator.ts';
import type { FailureSink } from './failures.ts';
import { Inlet } from './task/input-merger.ts';
import { Pipeline } from './pipeline.ts';
import type { ModelHost } from './ports/model-host.ts';
import type { StateBackend, StateWriter } from './ports/state-backend.ts';

export interface TopologyOptions {
  readonly backend: StateBackend;
  /** What stands before every key of this query's state. */
  readonly statePrefix: string | Buffer;
  readonly partitions: number;
  /** Only this sub-topology, on one partition: the others run elsewhere. Its rows are not passed on. */
  readonly part?: number | undefined;
  /** How many partitions a topic has; without it all have as many. */
  readonly partitionsOf?: (topic: string) => number;
  readonly settings: RunSettings;
  readonly models: ModelHost | undefined;
  readonly failures: FailureSink;
  readonly rareCommits?: boolean | undefined;
}

/** A change that a source gave, with the place that it came from. */
export interface SourceChange {
  readonly stepId: string;
  readonly partition: number;
  readonly change: Change;
}

/** What comes of a micro-batch or a part of it; a promise only where an operator waits. */
export type Result = Batch | Promise<Batch>;

/** One partition of one part: when it last had input, by the clock, and whether it was closed since for having none. */
interface Partition {
  readonly pipeline: Pipeline;
  readonly inlets: ReadonlyMap<string, Inlet>;
  lastInput: number;
  isClosed: boolean;
}
const isIdle = ({ lastInput, isClosed }: Partition, since: number): boolean => !isClosed && lastInput < since;

/**
 * The pipelines that run in one task: all of a query, one for each sub-topology and partition, rows going from one to the next in
 * memory; or only one of them, whose rows the task passes on.
 */
export class LocalTopology {
  readonly #parts: readonly SubTopology[];
  readonly #pipelines: readonly (readonly Partition[])[];
  readonly #partitions: number;
  readonly #isSingle: boolean;
  readonly #sourcePart = new Map<string, number>();
  /** Of each part that feeds another: where its rows go. */
  readonly #places: readonly ((key: Row) => number)[];

  constructor(plan: PhysicalPlan, options: TopologyOptions) {
    const parts = subTopologies(plan);
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
  /** Where the changes of a source wait for `run`. */
  inlet(stepId: string, partition: number): Inlet {
    return this.#at(stepId, partition).inlets.get(stepId)!;
  }
  /** Says that a source has had input, whether or not it made changes: it is not idle. */
  arrived(stepId: string, partition: number, now: number): void {
    const found = this.#at(stepId, partition);
    found.lastInput = now;
    found.isClosed = false;
  }

  /** Runs one micro-batch through every part; gives the result's changes in order of sequence. */
  process(batch: readonly SourceChange[]): Result {
    for (const { stepId, partition, change } of batch) this.inlet(stepId, partition).changes.push(change);
    return this.#runParts(0);
  }

  /**
   * Runs what waits in the inlets. One pipeline alone takes a micro-batch in slices: what it holds back comes with `drain`. Several
   * run it whole.
   */
  run(): Result {
    if (!this.#isSingle) return this.#runParts(0);
    const only = this.#pipelines[0]![0]!;
    const given = takeGiven(only);
    if (given === undefined) return noChanges;
    only.lastInput = performance.now();
    only.isClosed = false;
    return only.pipeline.process(given);
  }
  /** Ends a micro-batch: what was held back, piece by piece. Who takes them waits for one before taking the next. */
  drain(): Iterable<Result> {
    return this.#isSingle ? this.#pipelines[0]![0]!.pipeline.drain() : [];
  }

  /** Where no input came since `idleSince`, by the clock: what waits for stream time leaves. Once, until input comes again. */
  closeIdle(idleSince: number): Result {
    const isDue = this.#pipelines.some((list) => list.some((each) => isIdle(each, idleSince)));
    return isDue ? this.#runParts(0, idleSince) : noChanges;
  }

  #runParts(from: number, idleSince = -Infinity): Result {
    let last = noChanges;
    for (let i = from; i < this.#parts.length; i++) {
      const outputs = this.#runPart(i, idleSince);
      if (outputs instanceof Promise) {
        return outputs.then((changes) => {
          last = this.#route(i, changes);
          return i + 1 < this.#parts.length ? this.#runParts(i + 1, idleSince) : last;
        });
      }
      last = this.#route(i, outputs);
    }
    return last;
  }

  #runPart(index: number, idleSince: number): Batch[] | Promise<Batch[]> {
    const results: Result[] = [];
    let waits = false;
    for (const partition of this.#pipelines[index]!) {
      const given = takeGiven(partition);
      const closes = given === undefined && isIdle(partition, idleSince);
      if (given === undefined && !closes) continue;
      if (!closes) partition.lastInput = performance.now();
      partition.isClosed = closes;
      const { pipeline } = partition;
      const result = given === undefined ? pipeline.closeIdle() : pipeline.processAll(given);
      waits ||= result instanceof Promise;
      results.push(result);
    }
    return waits ? Promise.all(results.map((result) => Promise.resolve(result))) : (results as Batch[]);
  }

  /** Sends a part's changes to the part behind its repartition; those of the last part are the result. */
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

  /** Gives every change of state since the last flush. */
  flush(into: StateWriter): void {
    for (const pipelines of this.#pipelines) for (const { pipeline } of pipelines) pipeline.flush(into);
  }
  /** Whether a store holds more changes than its cache should: a commit makes room. */
  get isFull(): boolean {
    return this.#pipelines.some((list) => list.some(({ pipeline }) => pipeline.isFull));
  }

  /** The rows of the result as they are now, or undefined when the query holds no table. */
  current(key?: Row): Iterable<Change> | undefined {
    const lists = this.#pipelines.at(-1)!.map(({ pipeline }) => pipeline.current(key));
    return lists.every((list) => list !== undefined) ? concat(lists) : undefined;
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
  };
  return {
    pipeline: new Pipeline(part, context),
    inlets: new Map(part.inputs.map(({ id }) => [id, new Inlet()])),
    lastInput: performance.now(),
    isClosed: false,
  };
}

/** The changes that wait at a pipeline's inlets, which are then empty; undefined when there are none. */
function takeGiven({ inlets }: Partition): Map<string, Batch> | undefined {
  let given: Map<string, Batch> | undefined;
  for (const [id, inlet] of inlets) {
    if (inlet.changes.length === 0) continue;
    (given ??= new Map()).set(id, batchOf(inlet.changes));
    inlet.changes = [];
  }
  return given;
}

/** The changes of several partitions, in order of sequence. */
const merged = (outputs: readonly Batch[]): Batch =>
  batchOf(outputs.flatMap(rowsOf).sort((a, b) => a.sequence - b.sequence));

function* concat(lists: readonly Iterable<Change>[]): Iterable<Change> {
  for (const list of lists) yield* list;
}
