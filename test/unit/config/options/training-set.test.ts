import { writeFileSync } from 'node:fs';
import type { TrainingSet } from '../../../../src/catalog/catalog.ts';
import { trainingSetOptions } from '../../../../src/statements/training-set-options.ts';
import { newFolder } from '../../../support/files.ts';
import { onEngine, outcome, runCases, type Case } from './cases.ts';

const folder = newFolder();
const copied = "CREATE STREAM s (k STRING KEY, v INT) WITH (kafka_topic='s', partitions=1, value_format='JSON');";

const set = (name: string, gives: Case['gives'], field?: keyof TrainingSet): Case => ({
  see: (value) =>
    onEngine({}, async ({ engine, ask }) => {
      await ask(copied);
      await ask('CREATE FEATURE VIEW f ENTITY KEY (k) AS SELECT k, v FROM s EMIT CHANGES;');
      const path = name === 'path' ? '' : `, path='${newFolder()}'`;
      const text = await ask(
        `CREATE TRAINING SET t WITH (${name}=${/^\d+$/.test(value) ? value : `'${value}'`}${path}) AS SELECT l.k, v.v AS y FROM s l LEFT JOIN f FOR SYSTEM_TIME AS OF l.ROWTIME AS v ON l.k = v.k;`,
      );
      if (text.startsWith('!')) return outcome(text);
      return field === undefined ? 'done' : engine.catalog.trainingSets.get('T')![field];
    }),
  gives,
});
const full = newFolder();
writeFileSync(`${full}/x.parquet`, '');
const time = (name: string, field: 'fromMs' | 'toMs'): Case =>
  set(
    name,
    [
      ['2026-01-01T00:00:00Z', Date.UTC(2026, 0, 1)],
      ['soon', 'INVALID_PROPERTY_VALUE'],
    ],
    field,
  );
runCases(trainingSetOptions, {
  PATH: set(
    'path',
    [
      [`${folder}/t1`, `${folder}/t1`],
      [`${folder}/t2`, `${folder}/t2`],
    ],
    'path',
  ),
  FORMAT: set('format', [
    ['PARQUET', 'done'],
    ['CSV', 'INVALID_PROPERTY_VALUE'],
  ]),
  ROWS_PER_FILE: set(
    'rows_per_file',
    [
      ['5', 5],
      ['0', 'INVALID_PROPERTY_VALUE'],
    ],
    'rowsPerFile',
  ),
  MODE: {
    see: (value) =>
      onEngine({}, async ({ ask }) => {
        await ask(copied);
        return outcome(await ask(`CREATE TRAINING SET t WITH (PATH='${full}', MODE='${value}') AS SELECT k FROM s;`));
      }),
    gives: [
      ['ERROR', 'FILES_REFUSED'],
      ['OVERWRITE', 'done'],
    ],
  },
  FROM_TIME: time('from_time', 'fromMs'),
  TO_TIME: time('to_time', 'toMs'),
  LABEL: set(
    'label',
    [
      ['y', 'Y'],
      ['z', 'TRAINING_SET_INVALID'],
    ],
    'label',
  ),
  AS_KNOWN: set('as_known', [
    ['false', 'done'],
    ['true', 'TRAINING_SET_INVALID'],
  ]),
});
