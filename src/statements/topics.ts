import { SqlError } from '../diagnostics/sql-error.ts';
import type { Span } from '../diagnostics/source.ts';
import type { Engine } from '../engine/engine.ts';

interface WantedTopic {
  readonly name: string;
  readonly partitions: number | undefined;
  readonly replicas: number | undefined;
  readonly config: Record<string, string>;
}

/** Returns the number of partitions of a topic, which is created if needed. An existing topic must have the given settings. */
export async function ensureTopic(
  engine: Engine,
  wanted: WantedTopic,
  otherwise: number | undefined,
  span: Span,
): Promise<number> {
  const { name, partitions, replicas, config } = wanted;
  if (!/^(?!\.\.?$)[a-zA-Z0-9._-]{1,249}$/.test(name))
    throw new SqlError('INVALID_NAME', span, {
      name,
      characters:
        [...new Set(name.replace(/[a-zA-Z0-9._-]/g, ''))].join(' ') || (name.length > 249 ? 'too many' : 'dots alone'),
    });
  const existing = await engine.node.describeTopic(name);
  if (existing !== undefined) {
    if (partitions !== undefined && partitions !== existing.partitions)
      throw new SqlError('TOPIC_MISMATCH', span, {
        topic: name,
        why: `it has ${existing.partitions} partitions, not ${partitions}`,
      });
    if (replicas !== undefined && replicas !== existing.replicas)
      throw new SqlError('TOPIC_MISMATCH', span, {
        topic: name,
        why: `it has ${existing.replicas} replicas, not ${replicas}`,
      });
    return existing.partitions;
  }
  const count = partitions ?? otherwise;
  if (count === undefined) throw new SqlError('TOPIC_NOT_FOUND', span, { topic: name });
  await engine.node.createTopic(name, { partitions: count, replicas, config });
  return count;
}
