import type { TopicInfo } from '../../runtime/ports/node.ts';
import { internalTopics, readerGroups } from './internal-topics.ts';
import { stateName } from './local-state.ts';
import { transactionalId } from './names.ts';
import { taskName, type RunningQuery } from './running-query.ts';
import type { DroppedQuery } from './task-worker.ts';

/** How many partition numbers a query may have had tasks of; 0 where no topic tells. */
export function partitionsOf({ layout, groupId, topics }: RunningQuery, known: readonly TopicInfo[]): number {
  const names = new Set([...topics, ...internalTopics(layout, groupId)]);
  return Math.max(0, ...known.filter(({ name }) => names.has(name)).map(({ partitions }) => partitions));
}

export function droppedQuery(
  { query, layout, groupId, topics, partitions }: RunningQuery,
  count: number,
): DroppedQuery {
  const numbers = Array.from({ length: Math.max(count, ...partitions.map((n) => n + 1)) }, (_, n) => n);
  const each = <T>(name: (part: number, partition: number) => T): T[] =>
    layout.parts.flatMap(({ index }) => numbers.map((partition) => name(index, partition)));
  return {
    tasks: each((part, partition) => taskName(groupId, part, partition)),
    ids: [...readerGroups(layout, groupId), ...each((part, partition) => transactionalId(groupId, part, partition))],
    topics: [
      ...new Set([
        ...topics,
        ...internalTopics(layout, groupId),
        ...(query.plan.sink === undefined ? [] : [query.plan.sink.topic]),
      ]),
    ],
    states: each((part, partition) => stateName(groupId, part, partition)),
  };
}
