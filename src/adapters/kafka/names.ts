/** Names of what a service keeps on Kafka, like ksqlDB's. */
export const commandTopic = (serviceId: string): string => `_millrace-${serviceId}_command_topic`;
export const groupId = (serviceId: string, queryId: string): string => `_millrace-${serviceId}query_${queryId}`;
/**
 * The group that holds a reader's offsets. Of several readers of one topic only the first has them in the query's own group, whose
 * offsets are one for each partition.
 */
export const readerGroup = (group: string, reader: number): string =>
  reader === 0 ? group : `${group}-reader-${reader}`;
export const repartitionTopic = (group: string, stepId: string): string => `${group}-${stepId}`;
export const changelogTopic = (group: string, part: number): string => `${group}-${part}-changelog`;
export const transactionalId = (group: string, part: number, partition: number): string =>
  `${group}-${part}_${partition}`;
