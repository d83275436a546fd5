/** Names of a service's topics and groups, like ksqlDB's. */
export const commandTopic = (serviceId: string): string => `_millrace-${serviceId}_command_topic`;
export const groupId = (serviceId: string, queryId: string): string => `_millrace-${serviceId}query_${queryId}`;
/**
 * The group that holds a reader's offsets. If several sources read one topic, only the first uses the query's own group,
 * because a group has one offset per partition.
 */
export const readerGroup = (group: string, reader: number): string =>
  reader === 0 ? group : `${group}-reader-${reader}`;
export const repartitionTopic = (group: string, stepId: string): string => `${group}-${stepId}`;
export const changelogTopic = (group: string, part: number): string => `${group}-${part}-changelog`;
export const transactionalId = (group: string, part: number, partition: number): string =>
  `${group}-${part}_${partition}`;
/** What a worker's notes of its work are kept under. */
export const threadName = (worker: number): string => `worker-${worker}`;
