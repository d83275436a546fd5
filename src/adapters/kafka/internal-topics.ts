import type { Node } from '../../runtime/ports/node.ts';
import type { PlanLayout } from '../../runtime/task/layout.ts';
import { changelogTopic, repartitionTopic } from './names.ts';

/** The topics that only this query writes and reads. */
export function internalTopics({ parts }: PlanLayout, group: string): string[] {
  return parts.flatMap(({ index, output, hasState }) => [
    ...(output === undefined ? [] : [repartitionTopic(group, output.stepId)]),
    ...(hasState ? [changelogTopic(group, index)] : []),
  ]);
}

/**
 * Creates them, with as many partitions as the widest source, or as the topic whose rows they meet: repartition topics keep everything until it is read,
 * changelogs are compacted. Gives the topics that the query's group reads.
 */
export async function createInternalTopics(node: Node, { parts }: PlanLayout, group: string): Promise<string[]> {
  const sources = parts.flatMap(({ sourceTopics }) => sourceTopics);
  const counts = await Promise.all(sources.map(async (topic) => (await node.describeTopic(topic))?.partitions ?? 1));
  const partitions = Math.max(1, ...counts);
  const topics = new Set(sources);
  for (const { index, output, hasState } of parts) {
    if (output !== undefined) {
      const topic = repartitionTopic(group, output.stepId);
      topics.add(topic);
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
  return [...topics];
}
