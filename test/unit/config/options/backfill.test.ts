import { writeFileSync } from 'node:fs';
import { backfillOptions } from '../../../../src/statements/backfill-options.ts';
import { dataFiles, newFolder } from '../../../support/files.ts';
import { onEngine, outcome, runCases, type Asking, type Case } from './cases.ts';

const views = `CREATE STREAM s (k STRING KEY, v INT) WITH (kafka_topic='s', partitions=1, value_format='JSON');
  CREATE FEATURE VIEW f ENTITY KEY (k) AS SELECT k, v FROM s EMIT CHANGES;`;
const quoted = (value: string): string => (/^(\d+|true|false)$/.test(value) ? value : `'${value}'`);

/** A backfill of three rows with the option, and what of it is seen; the code of the refusal where there is one. */
const run = (name: string, gives: Case['gives'], see: (node: Asking, path: string) => unknown): Case => ({
  see: (value) =>
    onEngine({}, async (node) => {
      const path = name === 'path' ? value : newFolder();
      await node.run(views);
      for (const v of [1, 2, 3]) await node.ask(`INSERT INTO s (ROWTIME, k, v) VALUES (1000, 'a', ${v});`);
      const options = name === 'path' ? `PATH='${value}'` : `PATH='${path}', ${name}=${quoted(value)}`;
      const text = await node.ask(`BACKFILL FEATURE VIEW f WITH (${options});`);
      if (text.startsWith('!')) return outcome(text);
      await node.engine.backfills.get('F')?.done;
      return see(node, path);
    }),
  gives,
});
const folder = newFolder();
const stateOf = ({ engine }: Asking): unknown => engine.backfills.get('F')!.progress.state;

runCases(backfillOptions, {
  PATH: run(
    'path',
    [
      [`${folder}/b1`, `${folder}/b1`],
      [`${folder}/b2`, `${folder}/b2`],
    ],
    ({ engine }) => engine.backfills.get('F')!.range.path,
  ),
  ROWS_PER_FILE: run(
    'rows_per_file',
    [
      ['2', 2],
      ['5', 1],
    ],
    (_, path) => dataFiles(path).length,
  ),
  READ_FROM: run(
    'read_from',
    [
      ['log', 'DONE'],
      ['memory', 'INVALID_PROPERTY_VALUE'],
    ],
    stateOf,
  ),
  MODE: {
    see: (value) =>
      onEngine({}, async (node) => {
        const path = newFolder();
        await node.run(views);
        await node.ask(`BACKFILL FEATURE VIEW f TO '2020-01-01' WITH (PATH='${path}');`);
        await node.engine.backfills.get('F')!.done;
        writeFileSync(`${path}/_manifest.json`, '{}');
        return outcome(await node.ask(`BACKFILL FEATURE VIEW f WITH (PATH='${path}', MODE='${value}');`));
      }),
    gives: [
      ['RESUME', 'FILES_REFUSED'],
      ['OVERWRITE', 'done'],
    ],
  },
  MATERIALIZE: run(
    'materialize',
    [
      ['false', 'DONE'],
      ['true', 'BACKFILL_REFUSED'],
    ],
    stateOf,
  ),
});
