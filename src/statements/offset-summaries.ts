import type { QueryObject } from '../catalog/catalog.ts';
import type { Engine } from '../engine/engine.ts';

/** Where queries are in the topics that they read, in ksqlDB's form. */
export async function offsetSummaries(engine: Engine, queries: readonly QueryObject[]): Promise<readonly object[]> {
  const known = await Promise.all(queries.map(({ id }) => engine.node.whereabouts(id).catch(() => undefined)));
  return known.flatMap((where) => {
    if (where === undefined) return [];
    const topics = [...new Set(where.positions.map(({ topic }) => topic))];
    const topicSummaries = topics.map((kafkaTopic) => ({
      kafkaTopic,
      offsets: where.positions
        .filter(({ topic }) => topic === kafkaTopic)
        .map(({ partition, start, end, committed }) => ({
          partition,
          logStartOffset: start,
          logEndOffset: end,
          consumerOffset: committed,
        })),
    }));
    return [{ groupId: where.group, topicSummaries }];
  });
}
