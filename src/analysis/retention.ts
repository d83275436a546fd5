import type { SinkProperties } from './source-options.ts';

/** How long and how much a topic keeps, as WITH says it. */
export interface Retention {
  readonly ms: number | undefined;
  readonly bytes: number | undefined;
}

/** Reads the options; those of a topic that keeps the rows of a table are refused. */
export function retentionOf(properties: SinkProperties, isKept: boolean): Retention {
  if (isKept)
    for (const name of ['RETENTION_MS', 'RETENTION_BYTES'] as const)
      if (properties.has(name)) properties.refuse(name, "a table's topic is compacted and keeps its rows");
  return { ms: properties.read('RETENTION_MS'), bytes: properties.read('RETENTION_BYTES') };
}
