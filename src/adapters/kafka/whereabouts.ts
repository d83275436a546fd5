import type { QueryWhereabouts, ReadPosition } from '../../runtime/ports/node.ts';
import type { ClusterReads } from './cluster-reads.ts';
import { readerGroup } from './names.ts';
import type { RunningQuery } from './running-query.ts';
import type { Wire } from './wire.ts';

/** Where a query is in partitions of a topic that it reads, by its group's offsets. */
export async function positionsIn(
  wire: Wire,
  { groupId, query }: RunningQuery,
  topic: string,
  wanted: (partition: number) => boolean,
): Promise<readonly ReadPosition[]> {
  await wire.watch([topic]);
  const there = Array.from({ length: wire.partitions(topic) }, (_, i) => i).filter(wanted);
  const wants = there.map((partition) => ({ topic, partition }));
  const [offsets, ends, starts] = await Promise.all([
    wire.committedOffsets(readerGroup(groupId, 0), wants),
    wire.listOffsets(topic, there, -1),
    wire.listOffsets(topic, there, -2),
  ]);
  return there.map((partition) => {
    const offset = offsets.get(`${topic}/${partition}`) ?? -1;
    const start = starts.get(partition) ?? 0;
    const committed = Math.max(start, offset < 0 ? (query.start?.[topic]?.[partition] ?? start) : offset);
    return { topic, partition, start, end: ends.get(partition) ?? 0, committed };
  });
}

/** Where a query is, and which nodes run it; undefined for one that is not here. */
export async function whereaboutsOf(
  running: RunningQuery | undefined,
  wire: Wire,
  reads: ClusterReads,
): Promise<QueryWhereabouts | undefined> {
  if (running === undefined) return undefined;
  const topics = running.topics.map((topic) => positionsIn(wire, running, topic, () => true));
  const [hosts, ...positions] = await Promise.all([reads.hostsOf(running.groupId), ...topics]);
  return { group: running.groupId, positions: positions.flat(), hosts };
}
