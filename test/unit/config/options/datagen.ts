import type { datagenOptions } from '../../../../src/analysis/datagen.ts';
import type { QueryObject } from '../../../../src/catalog/catalog.ts';
import type { StepOf } from '../../../../src/plan/physical/step.ts';
import type { DatagenSpec } from '../../../../src/specs/datagen.ts';
import { declared, type Case, type Cases } from './cases.ts';

/** An option of generated rows, and what of their query is seen. */
const made = (name: string, gives: Case['gives'], see: (query: QueryObject | undefined) => unknown): Case =>
  declared(name, gives, ({ engine }) => see([...engine.catalog.queries.values()][0]), {
    others: `${name === 'connector' ? '' : "connector='datagen', "}kafka_topic='s', partitions=1, value_format='JSON'`,
  });
const spec = (query: QueryObject | undefined): DatagenSpec => (query!.plan.root as StepOf<'datagen'>).spec;

export const datagenCases: Cases<(typeof datagenOptions)[number]> = {
  CONNECTOR: made(
    'connector',
    [
      ['datagen', 'DATAGEN'],
      ['kafka', 'INVALID_PROPERTY_VALUE'],
    ],
    (query) => query?.kind,
  ),
  ROWS_PER_SECOND: made(
    'rows_per_second',
    [
      ['1', 1000],
      ['20', 50],
    ],
    (query) => spec(query).tickMs,
  ),
  NUMBER_OF_ROWS: made(
    'number_of_rows',
    [
      ['0', 0],
      ['3', 3],
    ],
    (query) => spec(query).rows,
  ),
  SEED: made(
    'seed',
    [
      ['1', 1],
      ['2', 2],
    ],
    (query) => spec(query).seed,
  ),
};
