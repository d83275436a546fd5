import type { QueryObject, SourceObject } from '../../catalog/catalog.ts';
import { inOrder, type PhysicalPlan } from '../../plan/physical/step.ts';
import type { Change } from '../../runtime/change.ts';
import type { OutputRecord } from '../../runtime/sink-encoder.ts';
import { SinkEncoder } from '../../runtime/sink-encoder.ts';
import type { SourceSpec } from '../../specs/source.ts';
import { runSettings } from '../../runtime/run-settings.ts';
import type { SinkContext } from '../../runtime/sinks/sink.ts';
import { ErrorCollector } from '../../runtime/task/error-collector.ts';
import type { StartPositions } from '../../runtime/ports/node.ts';
import { ReaderLog, type LogReader } from '../../runtime/task/reader-log.ts';
import { Task } from '../../runtime/task/task.ts';
import type { Engine } from '../engine.ts';
import { noState } from '../no-state.ts';
import { openReaders } from '../open-readers.ts';
import { RowSink, type TakenSink } from '../row-sink.ts';
import type { Place } from './report.ts';

/** A record as a query gives it again, and the event that it came of; undefined for what came of the clock. */
export interface RecomputedRecord extends OutputRecord {
  readonly event: Place | undefined;
}

/** Encodes what the plan gives as its topic would have it: what a format loses is lost here too. */
class EncodingSink implements TakenSink<RecomputedRecord> {
  readonly #encoder: SinkEncoder;
  readonly #origins: SinkContext['origins'];
  #records: RecomputedRecord[] = [];

  constructor({ columns, origins }: SinkContext, { sink }: PhysicalPlan, partitions: number) {
    this.#encoder = new SinkEncoder({ ...sink!, partitions }, columns);
    this.#origins = origins;
  }

  write(changes: readonly Change[]): number {
    for (const change of changes) {
      let record: OutputRecord;
      try {
        record = this.#encoder.encode(change);
      } catch {
        // What cannot be written has not been written by the view either.
        continue;
      }
      const event = this.#origins.of(change.sequence);
      const place = event && { topic: event.topic, partition: event.partition, offset: event.offset };
      this.#records.push({ ...record, event: place });
    }
    return changes.length;
  }
  take(): readonly RecomputedRecord[] {
    const records = this.#records;
    this.#records = [];
    return records;
  }
  /** Nothing to flush: nothing is committed. */
  flush(): void {
    return undefined;
  }
}

const pollMs = 100;

/** What is run again, where it reads, and who is told of the records that it has read. */
export interface Recomputation {
  /** Opens a source of the plan. */
  readonly open: (source: SourceSpec) => Promise<LogReader>;
  /** Where streams begin instead, by topic. */
  readonly start?: StartPositions | undefined;
  readonly properties: Readonly<Record<string, string>>;
  readonly onRead?: (records: number) => void;
}

/** What a query has had: from where it began in its topics. */
const asItRan = ({ properties, start }: QueryObject, { node }: Engine): Recomputation => ({
  open: ({ topic }) => node.openReader(topic, 'beginning'),
  start,
  properties,
});

/** Runs the plan of a query again, on a fresh state, to the ends of its topics of now: the records that its topic would have. */
export function recompute(
  query: QueryObject,
  { spec }: SourceObject,
  engine: Engine,
  how: Recomputation = asItRan(query, engine),
): AsyncIterable<readonly RecomputedRecord[]> {
  const sink = (context: SinkContext): EncodingSink => new EncodingSink(context, query.plan, spec.partitions);
  return runAgain(query.plan, query.id, engine, how, sink);
}

/** Runs a plan over what a query has had, on a fresh state, to the ends of its topics of now: the rows that the plan gives. */
export const rowsAgain = (plan: PhysicalPlan, query: QueryObject, engine: Engine): AsyncIterable<readonly Change[]> =>
  runAgain(plan, query.id, engine, asItRan(query, engine), () => new RowSink());

async function* runAgain<T>(
  given: PhysicalPlan,
  query: string,
  engine: Engine,
  { open, start, properties, onRead }: Recomputation,
  sinkOf: (context: SinkContext) => TakenSink<T>,
): AsyncIterable<readonly T[]> {
  // What is still out when the input ends would be missing.
  const plan = { ...given, root: inOrder(given.root) };
  const queryId = `verification_of_${query}`;
  const log = new ReaderLog(await openReaders(plan, open));
  let sink: TakenSink<T> | undefined;
  const task = new Task(
    {
      queryId,
      plan,
      part: undefined,
      // Every change is given, also those that the view's commits had conflated.
      settings: runSettings({ ...properties, 'cache.max.bytes.buffering': '0' }),
      processingLog: '',
      deadLetters: '',
      start,
    },
    {
      log,
      output: undefined,
      backend: noState,
      statePrefix: Buffer.from('verification/'),
      models: engine.models,
      schemas: engine.schemas,
      sinks: (context) => [(sink = sinkOf(context))],
      errors: new ErrorCollector(queryId, false),
    },
  );
  try {
    await task.start();
    while (!(log.caughtUp && task.inputs.every(({ isEmpty }) => isEmpty))) {
      if (!(await task.step())) await log.wait(task.inputs, pollMs);
      onRead?.(task.counts.in);
      yield sink!.take();
    }
  } finally {
    log.close();
  }
}
