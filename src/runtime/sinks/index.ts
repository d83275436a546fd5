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

type Maker<K extends SinkKind> = (options: SinkOptions[K], context: SinkContext, log: TaskLog) => Sink;
const makers: { readonly [K in SinkKind]: Maker<K> } = {
  topic: (options, context, log) => new TopicSink(context, log, options),
  entities: (options, { location, columns }) => new EntityStore(location, columns, options),
};

/** The sinks of a query, its own first; that one's records are what the query is said to give out. */
export function sinksOf({ sink, entityKey, entityTime }: PhysicalPlan): WantedSink[] {
  const topic: WantedSink[] = sink === undefined ? [] : [{ kind: 'topic', options: sink }];
  const entities: WantedSink[] =
    entityKey === undefined ? [] : [{ kind: 'entities', options: { key: entityKey, time: entityTime } }];
  return [...topic, ...entities];
}

/** Opens a sink of any kind; `log` is the task's own. */
export function openSink<K extends SinkKind>(
  kind: K,
  options: SinkOptions[K],
  context: SinkContext,
  log: TaskLog,
): Sink {
  return makers[kind](options, context, log);
}
