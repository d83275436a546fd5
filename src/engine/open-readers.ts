import type { PhysicalPlan } from '../plan/physical/step.ts';
import { readersOf, sourcesOf } from '../plan/physical/topology.ts';
import type { LogReader, OpenReader } from '../runtime/task/reader-log.ts';
import type { SourceSpec } from '../specs/source.ts';

/** Opens a reader per source of a plan. */
export async function openReaders(
  plan: PhysicalPlan,
  open: (source: SourceSpec) => Promise<LogReader>,
): Promise<OpenReader[]> {
  const numbers = readersOf(plan);
  const readers: OpenReader[] = [];
  for (const { id, source } of sourcesOf(plan))
    readers.push({ topic: source.topic, reader: numbers.get(id)!, source: await open(source) });
  return readers;
}

/** Whether a query of a client reads a source from its beginning: tables do, and all others as auto.offset.reset says. */
export const readsFromBeginning = ({ kind }: SourceSpec, isScalable: boolean, isEarliest: boolean): boolean =>
  isEarliest || (kind === 'TABLE' && !isScalable);
