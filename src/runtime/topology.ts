import type { PhysicalPlan } from '../plan/physical/step.ts';
import { subTopologies, type SubTopology } from '../plan/physical/topology.ts';
import { reporters, type BuildContext } from './builders/context.ts';
import type { RunSettings } from './run-settings.ts';
import type { Change, Row } from './change.ts';
import { keyPlacer, type PlaceKey } from './key-placer.ts';
import type { RecordPosition } from './operator.ts';
import type { FailureSink } from './sinks/dead-letters.ts';
import { Pipeline } from './pipeline.ts';
import type { ModelHost } from './ports/model-host.ts';
import type { StateBackend, StateWriter } from './ports/state-backend.ts';

export interface TopologyOptions {
  readonly backend: StateBackend;
  /** What stands before every key of this query's state. */
  readonly statePrefix: string;
  readonly partitions: number;
  /** How many partitions a topic has; without it all have as many. */
  readonly partitionsOf?: (topic: string) => number;
  readonly settings: RunSettings;
  readonly models: ModelHost | undefined;
  readonly failures: FailureSink;
}

/** A change that a source gave, with the place that it came from. */
export interface SourceChange {
  readonly stepId: string;
  readonly partition: number;
  readonly change: Change;
}

/** One partition of one part: when it last had input, by the clock, and whether it was closed since for having none. */
interface Partition {
  readonly pipeline: Pipeline;
  lastInput: number;
  isClosed: boolean;
}
const isIdle = ({ lastInput, isClosed }: Partition, since: number): boolean => !isClosed && lastInput < since;

/**
 * A whole query in one process: a pipeline for each sub-topology and partition, rows going from one to the next in memory. The
 * embedded node, transient queries and the deterministic runs of tests use it; on Kafka each pipeline is a task of its own.
 */
export class LocalTopology {
  readonly #parts: readonly SubTopology[];
  readonly #pipelines: readonly (readonly Partition[])[];
  readonly #partitions: number;
  readonly #sourcePart = new Map<string, number>();
  /** Of each part that feeds another: where its rows go. */
  readonly #places: readonly ((key: Row) => number)[];

  constructor(plan: PhysicalPlan, options: TopologyOptions) {
    this.#parts = subTopologies(plan);
    this.#partitions = options.partitions;
    for (const part of this.#parts) for (const input of part.inputs) this.#sourcePart.set(input.id, part.index);
    this.#places = this.#parts.map(({ output }) => {
      const place: PlaceKey = keyPlacer(output?.like);
      const known = output?.like && options.partitionsOf?.(output.like.topic);
      const partitions = known ?? options.partitions;
      return (key) => place(key, partitions);
    });
    this.#pipelines = this.#parts.map((part) =>
      Array.from({ length: options.partitions }, (_, partition) => {
        const position: RecordPosition = { sequence: 0 };
        const context: Omit<BuildContext, 'register'> = {
          location: (stepId, name) => ({
            backend: options.backend,
            prefix: Buffer.from(`${options.statePrefix}/${stepId}/${name}/${partition}/`),
            cacheBytes: options.settings.cacheBytes,
          }),
          ...reporters(options.failures, position),
          position,
          models: options.models,
          conflate: options.settings.conflate,
        };
        return { pipeline: new Pipeline(part, context), lastInput: performance.now(), isClosed: false };
      }),
    );
  }

  /** Runs one micro-batch through every part; gives the result's changes in order of sequence. */
  process(batch: readonly SourceChange[]): readonly Change[] | Promise<readonly Change[]> {
    const given: Map<string, Change[]>[][] = this.#parts.map(() => []);
    for (const { stepId, partition, change } of batch)
      place(given, this.#sourcePart.get(stepId)!, partition % this.#partitions, stepId, change);
    return this.#runParts(given, 0);
  }

  /** Where no input came since `idleSince`, by the clock: what waits for stream time leaves. Once, until input comes again. */
  closeIdle(idleSince: number): readonly Change[] | Promise<readonly Change[]> {
    const isDue = this.#pipelines.some((list) => list.some((each) => isIdle(each, idleSince)));
    return isDue
      ? this.#runParts(
          this.#parts.map(() => []),
          0,
          idleSince,
        )
      : [];
  }

  #runParts(
    given: Map<string, Change[]>[][],
    from: number,
    idleSince = -Infinity,
  ): readonly Change[] | Promise<readonly Change[]> {
    let last: readonly Change[] = [];
    for (let i = from; i < this.#parts.length; i++) {
      const outputs = this.#runPart(given, i, idleSince);
      if (outputs instanceof Promise) {
        return outputs.then((changes) => {
          last = this.#route(given, i, changes);
          return i + 1 < this.#parts.length ? this.#runParts(given, i + 1, idleSince) : last;
        });
      }
      last = this.#route(given, i, outputs);
    }
    return last;
  }

  #runPart(
    given: Map<string, Change[]>[][],
    index: number,
    idleSince: number,
  ): (readonly Change[])[] | Promise<(readonly Change[])[]> {
    const results: (readonly Change[] | Promise<readonly Change[]>)[] = [];
    let waits = false;
    for (const [i, partition] of this.#pipelines[index]!.entries()) {
      const inputs = given[index]![i];
      const closes = inputs === undefined && isIdle(partition, idleSince);
      if (inputs === undefined && !closes) continue;
      if (!closes) partition.lastInput = performance.now();
      partition.isClosed = closes;
      const { pipeline } = partition;
      const result = inputs === undefined ? pipeline.closeIdle() : pipeline.processAll(inputs);
      waits ||= result instanceof Promise;
      results.push(result);
    }
    return waits ? Promise.all(results.map((result) => Promise.resolve(result))) : (results as (readonly Change[])[]);
  }

  /** Sends a part's changes to the part behind its repartition; those of the last part are the result. */
  #route(given: Map<string, Change[]>[][], index: number, outputs: readonly (readonly Change[])[]): readonly Change[] {
    const changes = outputs.length === 1 ? outputs[0]! : outputs.flat().sort((a, b) => a.sequence - b.sequence);
    const { output } = this.#parts[index]!;
    if (output === undefined) return changes;
    const target = this.#sourcePart.get(output.id)!;
    const placeOf = this.#places[index]!;
    for (const change of changes) place(given, target, placeOf(change.key), output.id, change);
    return [];
  }

  flush(into: StateWriter): void {
    for (const pipelines of this.#pipelines) for (const { pipeline } of pipelines) pipeline.flush(into);
  }

  /** The rows of the result as they are now, or undefined when the query holds no table. */
  current(key?: Row): Iterable<Change> | undefined {
    const lists = this.#pipelines.at(-1)!.map(({ pipeline }) => pipeline.current(key));
    return lists.every((list) => list !== undefined) ? concat(lists) : undefined;
  }
}

function* concat(lists: readonly Iterable<Change>[]): Iterable<Change> {
  for (const list of lists) yield* list;
}

function place(
  given: Map<string, Change[]>[][],
  part: number,
  partition: number,
  stepId: string,
  change: Change,
): void {
  const inputs = (given[part]![partition] ??= new Map());
  const list = inputs.get(stepId);
  if (list === undefined) inputs.set(stepId, [change]);
  else list.push(change);
}
