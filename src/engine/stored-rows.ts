import type { SourceObject } from '../catalog/catalog.ts';
import { noSpan, type Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { allSteps, keepsState, type PhysicalPlan } from '../plan/physical/step.ts';
import { PartitionsMissing, type PulledState, type ReadMode } from '../runtime/ports/node.ts';
import type { Row } from '../types/sql-type.ts';
import type { Engine } from './engine.ts';

/** A source whose rows are in the state of the query that fills it. */
interface StoredSource {
  readonly name: string;
  readonly queryId: string;
  /** Where errors are shown. */
  readonly span: Span;
}

/** The rows of a source with these keys, or all, on whatever nodes they are; with `nearest` of a scan at least those that are wanted. */
export async function storedRows(
  { name, queryId, span }: StoredSource,
  keys: readonly Row[] | undefined,
  engine: Engine,
  { nearest, at }: ReadMode = {},
): Promise<PulledState> {
  let pulled: PulledState | undefined;
  try {
    pulled = await engine.node.pull(queryId, keys, { nearest: keys === undefined ? nearest : undefined, at });
  } catch (error) {
    throw error instanceof PartitionsMissing
      ? new SqlError('PARTITIONS_UNAVAILABLE', span, { source: name, ...error.missing })
      : error;
  }
  if (pulled === undefined) throw new SqlError('NOT_QUERYABLE', span, { source: name });
  return pulled;
}

/** The rows of a feature view with these keys, or all, where no statement asks for them. */
export const storedRowsOf = (
  { spec, createdBy }: SourceObject,
  keys: readonly Row[] | undefined,
  engine: Engine,
  mode?: ReadMode,
): Promise<PulledState> => storedRows({ name: spec.name, queryId: createdBy!, span: noSpan }, keys, engine, mode);

/** The names of the stores of a query's state: its steps that keep some, and the rows of a feature view. */
export const storesOf = (plan: PhysicalPlan): readonly string[] => [
  ...allSteps(plan.root).flatMap((step) => (keepsState(step) ? step.id : [])),
  ...(plan.entityKey === undefined ? [] : ['entities']),
];
