import type { PhysicalPlan, SinkSpec } from '../../plan/physical/step.ts';
import type { TaskLog } from '../ports/log.ts';
import { EntityStore, type EntityOptions } from './entities.ts';
import type { Sink, SinkContext } from './sink.ts';
import { TopicSink } from './topic.ts';

/** The kinds of sinks that a query writes its result to, with the options of each. */
export interface SinkOptions {
  readonly topic: SinkSpec;
  readonly entities: EntityOptions;
}
export type SinkKind = keyof SinkOptions;
/** A sink that a query wants. */
export type WantedSink = { readonly [K in SinkKind]: { readonly kind: K; readonly options: SinkOptions[K] } }[SinkKind];

/** All that is to be known of a kind of sink by who does not open it. Nothing is optional: a kind without an answer does not compile. */
interface SinkFacts<K extends SinkKind> {
  readonly open: (options: SinkOptions[K], context: SinkContext, log: TaskLog) => Sink;
  /** What a plan wants of it; undefined for nothing. */
  readonly wanted: (plan: PhysicalPlan) => SinkOptions[K] | undefined;
  /** Whether it keeps something in the state of its task, which then needs a changelog. */
  readonly keepsState: boolean;
  /** The topics of the task's log that it writes to. */
  readonly topics: (options: SinkOptions[K]) => readonly string[];
}

/** The kinds in their order: the first that a plan wants is the query's own, whose records are what the query is said to give out. */
const kinds: { readonly [K in SinkKind]: SinkFacts<K> } = {
  topic: {
    open: (options, context, log) => new TopicSink(context, log, options),
    wanted: ({ sink }) => sink,
    keepsState: false,
    topics: ({ topic }) => [topic],
  },
  entities: {
    open: (options, { location, columns }) => new EntityStore(location, columns, options),
    wanted: ({ entityKey, entityTime }) => entityKey && { key: entityKey, time: entityTime },
    keepsState: true,
    topics: () => [],
  },
};

/** The sinks of a query, its own first. */
export function sinksOf(plan: PhysicalPlan): WantedSink[] {
  const one = <K extends SinkKind>(kind: K): WantedSink[] => {
    const options = kinds[kind].wanted(plan);
    return options === undefined ? [] : [{ kind, options } as WantedSink];
  };
  return (Object.keys(kinds) as SinkKind[]).flatMap(one);
}

/** Whether a sink of a query keeps something in the state of its task. */
export const sinksKeepState = (plan: PhysicalPlan): boolean => sinksOf(plan).some(({ kind }) => kinds[kind].keepsState);

/** The topics that the sinks of a query write to. */
export const sinkTopics = (plan: PhysicalPlan): readonly string[] =>
  sinksOf(plan).flatMap(<K extends SinkKind>({ kind, options }: { kind: K; options: SinkOptions[K] }) =>
    kinds[kind].topics(options),
  );

/** Opens a sink of any kind; `log` is the task's own. */
export function openSink<K extends SinkKind>(
  kind: K,
  options: SinkOptions[K],
  context: SinkContext,
  log: TaskLog,
): Sink {
  return kinds[kind].open(options, context, log);
}
