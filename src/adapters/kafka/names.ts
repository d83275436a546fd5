/** Names of what a service keeps on Kafka, like ksqlDB's. */
export const commandTopic = (serviceId: string): string => `_millrace-${serviceId}_command_topic`;
export const groupId = (serviceId: string, queryId: string): string => `_millrace-${serviceId}query_${queryId}`;
export const repartitionTopic = (group: string, stepId: string): string => `${group}-${stepId}`;
export const changelogTopic = (group: string, part: number): string => `${group}-${part}-changelog`;
export const transactionalId = (group: string, part: number, partition: number): string =>
  `${group}-${part}_${partition}`;
