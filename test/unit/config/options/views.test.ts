import { vi } from 'vitest';
import { viewOptions } from '../../../../src/statements/view-options.ts';
import { newFolder } from '../../../support/files.ts';
import { copied, onEngine, outcome, runCases, type Case } from './cases.ts';
import { viewStoreCases } from './stores.ts';

const folder = newFolder();
const view = (name: string, gives: Case['gives'], field?: string): Case => ({
  see: (value) =>
    onEngine({}, async ({ ask, run }) => {
      await ask(copied);
      const text = await ask(
        `CREATE FEATURE VIEW f ENTITY KEY (k) WITH (${name}='${value}') AS SELECT k, v FROM s EMIT CHANGES;`,
      );
      if (text.startsWith('!')) return outcome(text);
      const [shown] = (await run('SHOW FEATURE VIEWS;')) as { featureViews: Record<string, unknown>[] }[];
      return field === undefined ? 'done' : shown!.featureViews[0]![field];
    }),
  gives,
});
runCases(viewOptions, {
  OWNER: view(
    'owner',
    [
      ['ann', 'ann'],
      ['bob', 'bob'],
    ],
    'owner',
  ),
  TAGS: view(
    'tags',
    [
      ['a=b', 'a=b'],
      ['a=b,c=d', 'a=b, c=d'],
    ],
    'tags',
  ),
  FRESHNESS: {
    // How often its query commits, and whether the catalogue has it.
    see: (value) =>
      onEngine({}, async ({ engine, ask, run }) => {
        await ask(copied);
        const started = vi.spyOn(engine.node, 'startQuery');
        await ask(
          `CREATE FEATURE VIEW f ENTITY KEY (k) WITH (FRESHNESS='${value}') AS SELECT k, v FROM s EMIT CHANGES;`,
        );
        const [shown] = (await run('SHOW FEATURE VIEWS;')) as { featureViews: Record<string, unknown>[] }[];
        const { freshnessTargetMs, isFresh } = shown!.featureViews[0]!;
        return [freshnessTargetMs, isFresh, started.mock.calls[0]![0].properties['commit.interval.ms']];
      }),
    gives: [
      ['500 MILLISECONDS', [500, true, '250']],
      ['1 HOUR', [3_600_000, true, '1000']],
    ],
  },
  ONLINE_STORE: view(
    'online_store',
    [
      ['state', 'state'],
      ['none', 'none'],
    ],
    'onlineStore',
  ),
  ...viewStoreCases,
  OFFLINE_STORE: view('offline_store', [
    ['none', 'done'],
    ['parquet', 'INVALID_PROPERTY_VALUE'],
  ]),
  OFFLINE_PATH: {
    see: (value) =>
      onEngine({}, async ({ engine, ask }) => {
        await ask(copied);
        await ask(
          `CREATE FEATURE VIEW f ENTITY KEY (k) WITH (OFFLINE_STORE='parquet', OFFLINE_PATH='${folder}/${value}') AS SELECT k, v FROM s EMIT CHANGES;`,
        );
        return engine.catalog.queries.get('EXPORT_F_1')!.plan.files!.path;
      }),
    gives: [
      ['three', `${folder}/three`],
      ['four', `${folder}/four`],
    ],
  },
  START_TIME: {
    see: (value) =>
      onEngine({ 'auto.offset.reset': 'latest' }, async ({ ask, run }) => {
        await ask(copied);
        await ask("INSERT INTO s VALUES ('a', 1);");
        await ask(
          `CREATE FEATURE VIEW f ENTITY KEY (k) WITH (start_time='${value}') AS SELECT k, COUNT(*) AS n FROM s GROUP BY k EMIT CHANGES;`,
        );
        await ask("INSERT INTO s VALUES ('a', 2);");
        const [report] = (await run('VERIFY FEATURE VIEW f;')) as { verification: { answers: number } }[];
        return [report!.verification.answers, outcome(await ask('SELECT n FROM f;'))];
      }),
    gives: [
      ['earliest', [2, [[2]]]],
      ['latest', [1, [[1]]]],
    ],
  },
  EVAL: {
    see: (value) =>
      onEngine({}, async ({ ask }) => {
        await ask(copied);
        await ask(
          `CREATE FEATURE VIEW f ENTITY KEY (k) WITH (eval='${value}') AS SELECT k, COUNT(*) OVER (PARTITION BY k ORDER BY ROWTIME RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW) AS n FROM s EMIT CHANGES;`,
        );
        await ask("INSERT INTO s (ROWTIME, k, v) VALUES (1000, 'a', 1);");
        return outcome(await ask('SELECT n FROM f;'));
      }),
    gives: [
      ['AT_EVENT', [[1]]],
      ['AT_READ', [[0]]],
    ],
  },
});
