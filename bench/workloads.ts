import { readFileSync } from 'node:fs';

/** Those that the peer has too; `session` and `stream-stream` are for the embedded node. */
export const workloads = ['filter', 'enrich', 'tumbling', 'hopping'];

/** A workload's SQL over a topic: two declarations and the query whose rate is measured. */
export function workloadSql(name: string, topic: string, sink: string): string {
  const text = readFileSync(new URL(`../../bench/${name}.sql`, import.meta.url), 'utf8');
  return text.replaceAll('${topic}', topic).replaceAll('${sink}', sink);
}
