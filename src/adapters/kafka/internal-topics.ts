import { keepsState } from '../../plan/physical/step.ts';
import { stepsOf, subTopologies } from '../../plan/physical/topology.ts';
import type { Node, RunnableQuery } from '../../runtime/ports/node.ts';
import { changelogTopic, repartitionTopic } from './names.ts';

/** Whether tasks of this part of a plan keep state, which then needs a changelog. */
export function hasState(plan: RunnableQuery['plan'], part: ReturnType<typeof subTopologies>[number]): boolean {
  return stepsOf(part).some(keepsState) || (plan.entityKey !== undefined && part.output === undefined);
}

/** The topics that only this query writes and reads. */
export function internalTopics({ plan }: RunnableQuery, group: string): string[] {
  return subTopologies(plan).flatMap((part) => [
    ...(part.output === undefined ? [] : [repartitionTopic(group, part.output.id)]),
    ...(hasState(plan, part) ? [changelogTopic(group, part.index)] : []),
  ]);
}

/**
 * Creates them, with as many partitions as the widest source, or as the topic whose rows they meet: repartition topics keep everything until it is read,
 * changelogs are compacted. Gives the topics that the query's group reads.
 */
export async function createInternalTopics(node: Node, { plan }: RunnableQuery, group: string): Promise<string[]> {
  const parts = subTopologies(plan);
  const sources = parts.flatMap(({ inputs }) =>
    inputs.flatMap((input) => (input.op === 'repartition' ? [] : [input.source.topic])),
  );
  const counts = await Promise.all(sources.map(async (topic) => (await node.describeTopic(topic))?.partitions ?? 1));
  const partitions = Math.max(1, ...counts);
  const topics = new Set(sources);
  for (const part of parts) {
    if (part.output !== undefined) {
      const topic = repartitionTopic(group, part.output.id);
      topics.add(topic);
      const { like } = part.output;
      await node.createTopic(topic, {
        partitions:
          like === undefined ? partitions : ((await node.describeTopic(like.topic))?.partitions ?? partitions),
        replicas: undefined,
        config: { 'cleanup.policy': 'delete', 'retention.ms': '-1' },
      });
    }
    if (hasState(plan, part))
      await node.createTopic(changelogTopic(group, part.index), {
        partitions,
        replicas: undefined,
        config: { 'cleanup.policy': 'compact' },
      });
  }
  return [...topics];
}
