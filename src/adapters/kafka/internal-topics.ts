import { noSpan } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import type { Node } from '../../runtime/ports/node.ts';
import type { PlanLayout } from '../../runtime/task/layout.ts';
import { changelogTopic, readerGroup, repartitionTopic } from './names.ts';

/** The topics that only this query writes and reads. */
export function internalTopics({ parts }: PlanLayout, group: string): string[] {
  return parts.flatMap(({ index, output, hasState }) => [
    ...(output === undefined ? [] : [repartitionTopic(group, output.stepId)]),
    ...(hasState ? [changelogTopic(group, index)] : []),
  ]);
}

/** The groups that hold a query's positions. */
export const readerGroups = ({ readers }: PlanLayout, group: string): string[] =>
  Array.from({ length: readers }, (_, reader) => readerGroup(group, reader));

/** The topics that a query's group reads. */
export function groupTopics({ parts }: PlanLayout, group: string): string[] {
  return [
    ...new Set([
      ...parts.flatMap(({ sourceTopics }) => sourceTopics),
      ...parts.flatMap(({ output }) => (output === undefined ? [] : [repartitionTopic(group, output.stepId)])),
    ]),
  ];
}

/**
 * Creates a query's internal topics, with the partitions of its widest source, or of the topic whose rows theirs are joined
 * with, and the topic of dead letters. Repartition topics retain everything until it is read, changelogs are compacted.
 */
export async function createInternalTopics(
  node: Node,
  { parts, hasDeadLetters }: PlanLayout,
  group: string,
  deadLetters: string,
): Promise<void> {
  if (hasDeadLetters) await node.createTopic(deadLetters, { partitions: 1, replicas: undefined, config: {} });
  const sources = parts.flatMap(({ sourceTopics }) => sourceTopics);
  const counts = await Promise.all(
    sources.map(async (topic) => {
      const info = await node.describeTopic(topic);
      if (info === undefined) throw new SqlError('TOPIC_NOT_FOUND', noSpan, { topic });
      return info.partitions;
    }),
  );
  const partitions = Math.max(1, ...counts);
  for (const { index, output, hasState } of parts) {
    if (output !== undefined) {
      const topic = repartitionTopic(group, output.stepId);
      const { like } = output;
      await node.createTopic(topic, {
        partitions: like === undefined ? partitions : ((await node.describeTopic(like))?.partitions ?? partitions),
        replicas: undefined,
        config: { 'cleanup.policy': 'delete', 'retention.ms': '-1' },
      });
    }
    if (hasState)
      await node.createTopic(changelogTopic(group, index), {
        partitions,
        replicas: undefined,
        config: { 'cleanup.policy': 'compact' },
      });
  }
}
