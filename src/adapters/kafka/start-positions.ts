import type { StartPositions } from '../../runtime/ports/node.ts';
import type { Wire } from './wire.ts';

/** The ends of topics, of committed records. */
export async function endsOf(wire: Wire, topics: readonly string[]): Promise<StartPositions> {
  const ends: Record<string, number[]> = {};
  for (const topic of topics) {
    await wire.watch([topic]);
    const partitions = Array.from({ length: wire.partitions(topic) }, (_, partition) => partition);
    const found = await wire.listOffsets(topic, partitions, -1);
    ends[topic] = partitions.map((partition) => found.get(partition) ?? 0);
  }
  return ends;
}
