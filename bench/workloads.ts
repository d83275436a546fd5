import { readFileSync } from 'node:fs';

export const workloads = [
  'filter',
  'enrich',
  'tumbling',
  'hopping',
  'velocity',
  'session',
  'stream-stream',
  'nested',
  'pattern',
  'pattern-final',
  'top-n',
  'dedup',
];

/** A workload's SQL over a topic: two declarations and the query whose rate is measured. */
export function workloadSql(name: string, topic: string, sink: string): string {
  const text = readFileSync(new URL(`../../bench/${name}.sql`, import.meta.url), 'utf8');
  return text.replaceAll('${topic}', topic).replaceAll('${sink}', sink);
}
