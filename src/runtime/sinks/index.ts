import type { PhysicalPlan, SinkSpec } from '../../plan/physical/step.ts';
import type { Row } from '../../types/sql-type.ts';
import type { Change } from '../change.ts';
import type { TaskLog } from '../ports/log.ts';
import type { OnlineSpec, WebhookSpec } from '../../specs/exports.ts';
import type { FilesSpec } from '../../specs/files.ts';
import { rowOrder } from '../../specs/row-order.ts';
import { EntityStore, type EntityOptions } from './entities.ts';
import { FilesSink } from './files.ts';
import { OnlineSink } from './online.ts';
import type { Sink, SinkContext } from './sink.ts';
import { TopicSink } from './topic.ts';
import { WebhookSink } from './webhook.ts';

/** The kinds of sinks that a query's result can be written to, with their options. */
export interface SinkOptions {
  readonly topic: SinkSpec;
  readonly entities: EntityOptions;
  readonly files: FilesSpec;
  readonly online: OnlineSpec;
  readonly webhook: WebhookSpec;
}
export type SinkKind = keyof SinkOptions;
/** A sink that a plan needs, with its options. */
export type WantedSink = { readonly [K in SinkKind]: { readonly kind: K; readonly options: SinkOptions[K] } }[SinkKind];

/** The facts of a kind of sink. No fact is optional: a missing one does not compile. */
interface SinkFacts<K extends SinkKind> {
  readonly open: (options: SinkOptions[K], context: SinkContext, log: TaskLog) => Sink;
  /** The options for a plan; undefined when the plan does not need this kind. */
  readonly wanted: (plan: PhysicalPlan) => SinkOptions[K] | undefined;
  /** Whether it keeps state in the task's state, which then needs a changelog. */
  readonly keepsState: boolean;
  /** Whether the rows of the query's result can be read from it. */
  readonly holdsRows: boolean;
  /** The topics that it writes to through the task's log. */
  readonly topics: (options: SinkOptions[K]) => readonly string[];
}

/** All kinds, in order. The first one that a plan needs is the query's main sink, whose records count as the query's output. */
const kinds: { readonly [K in SinkKind]: SinkFacts<K> } = {
  topic: {
    open: (options, context, log) => new TopicSink(context, log, options),
    wanted: ({ sink }) => sink,
    keepsState: false,
    holdsRows: false,
    topics: ({ topic }) => [topic],
  },
  entities: {
    open: (options, { location, columns, refused }) => new EntityStore(location, columns, options, refused),
    wanted: ({ entityKey: key, entityTime: time, entityTtlMs: ttlMs, sink: written, shape: kind, windowed: window }) =>
      key && { key, time, ttlMs, order: rowOrder({ kind, window }), written },
    keepsState: true,
    holdsRows: true,
    topics: () => [],
  },
  files: {
    open: (options, context) => new FilesSink(context, options),
    wanted: ({ files }) => files,
    keepsState: true,
    holdsRows: false,
    topics: () => [],
  },
  online: {
    open: (options, context) => new OnlineSink(context, options, context.stores),
    wanted: ({ online }) => online,
    keepsState: false,
    holdsRows: false,
    topics: () => [],
  },
  webhook: {
    open: (options, context) => new WebhookSink(context, options),
    wanted: ({ webhook }) => webhook,
    keepsState: false,
    holdsRows: false,
    topics: () => [],
  },
};

/** The sinks of a query, the main sink first. */
export function sinksOf(plan: PhysicalPlan): WantedSink[] {
  const wanted = <K extends SinkKind>(kind: K): WantedSink[] => {
    const options = kinds[kind].wanted(plan);
    return options === undefined ? [] : [{ kind, options } as WantedSink];
  };
  return (Object.keys(kinds) as SinkKind[]).flatMap(wanted);
}

/** Whether a sink of the query keeps state in the task's state. */
export const sinksKeepState = (plan: PhysicalPlan): boolean => sinksOf(plan).some(({ kind }) => kinds[kind].keepsState);

/** Whether the rows of the query's result can be read from a sink. */
export const holdsRows = ({ kind }: WantedSink): boolean => kinds[kind].holdsRows;

/** The rows of the query's result that a sink holds, all or of one key; undefined where none does. */
export function rowsHeld(sinks: readonly Sink[], key: Row | undefined): Iterable<Change> | undefined {
  for (const sink of sinks) {
    const rows = sink.current?.(key);
    if (rows !== undefined) return rows;
  }
  return undefined;
}

/** The topics that the sinks of a query write to. */
export const sinkTopics = (plan: PhysicalPlan): readonly string[] =>
  sinksOf(plan).flatMap(<K extends SinkKind>({ kind, options }: { kind: K; options: SinkOptions[K] }) =>
    kinds[kind].topics(options),
  );

/** Opens a sink; `log` is the task's log. */
export function openSink<K extends SinkKind>(
  kind: K,
  options: SinkOptions[K],
  context: SinkContext,
  log: TaskLog,
): Sink {
  return kinds[kind].open(options, context, log);
}
