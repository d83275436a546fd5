import { SqlError } from '../diagnostics/sql-error.ts';
import type { Span } from '../diagnostics/source.ts';
import type { Engine } from '../engine/engine.ts';

interface WantedTopic {
  readonly name: string;
  readonly partitions: number | undefined;
  readonly replicas: number | undefined;
  readonly config: Record<string, string>;
}

/** Finds a topic or creates it; given settings must be those of a topic that exists. Gives its number of partitions. */
export async function ensureTopic(
  engine: Engine,
  wanted: WantedTopic,
  otherwise: number | undefined,
  span: Span,
): Promise<number> {
  const { name, partitions, replicas, config } = wanted;
  if (!/^[a-zA-Z0-9._-]{1,249}$/.test(name))
    throw new SqlError('INVALID_NAME', span, {
      name,
      characters: [...new Set(name.replace(/[a-zA-Z0-9._-]/g, ''))].join(' ') || 'too many',
    });
  const found = await engine.node.describeTopic(name);
  if (found !== undefined) {
    if (partitions !== undefined && partitions !== found.partitions)
      throw new SqlError('TOPIC_MISMATCH', span, {
        topic: name,
        why: `it has ${found.partitions} partitions, not ${partitions}`,
      });
    if (replicas !== undefined && replicas !== found.replicas)
      throw new SqlError('TOPIC_MISMATCH', span, {
        topic: name,
        why: `it has ${found.replicas} replicas, not ${replicas}`,
      });
    return found.partitions;
  }
  const count = partitions ?? otherwise;
  if (count === undefined) throw new SqlError('TOPIC_NOT_FOUND', span, { topic: name });
  await engine.node.createTopic(name, { partitions: count, replicas, config });
  return count;
}
