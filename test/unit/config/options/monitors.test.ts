import { monitorOptions } from '../../../../src/engine/monitors/options.ts';
import { monitorStates } from '../../../../src/engine/monitors/states.ts';
import { onEngine, outcome, pause, runCases, type Case } from './cases.ts';

const sources = [
  "CREATE STREAM s (k STRING KEY, score DOUBLE, n INT) WITH (kafka_topic='s', partitions=1, value_format='JSON');",
  "CREATE STREAM l (k STRING KEY, y INT, z INT) WITH (kafka_topic='l', partitions=1, value_format='JSON');",
  "CREATE STREAM m (k STRING KEY, y INT, z INT) WITH (kafka_topic='m', partitions=1, value_format='JSON');",
];
const rows = [
  "INSERT INTO s (ROWTIME, k, score, n) VALUES (1000, 'a', 0.9, 1), (1500, 'b', 0.2, 2), (2000, 'c', 0.4, 3), (2500, 'd', 0.6, 9);",
  "INSERT INTO l (ROWTIME, k, y, z) VALUES (2600, 'a', 1, 0), (2700, 'b', 0, 1), (9000, 'd', 1, 0);",
  "INSERT INTO m (ROWTIME, k, y, z) VALUES (2600, 'a', 0, 0);",
  "INSERT INTO s (ROWTIME, k, score, n) VALUES (11000, 'e', 0.1, 1), (12500, 'f', 0.9, 1), (13000, 'g', 0.3, 9);",
  "INSERT INTO s (ROWTIME, k, score, n) VALUES (25000, 'h', 0.3, 9);",
];

/** What a check says last with an option, beside others; `missing` without the option itself. */
const seen =
  (check: string, option: string, others: string, baseline = '') =>
  (value: string): Promise<unknown> =>
    onEngine({}, async ({ engine, ask }) => {
      // Of labels the first window is looked at, of drift the second one.
      for (const each of [...sources, ...(baseline === '' ? rows.slice(0, -1) : rows)]) await ask(each);
      const written = /^\d+$/.test(value) ? value : `'${value}'`;
      const text = await ask(
        `CREATE MONITOR w ON STREAM s WINDOW TUMBLING (SIZE 10 SECONDS) ${baseline} WITH (${[others, `${option}=${written}`].filter(Boolean).join(', ')}) (CHECK (${check}));`,
      );
      if (text.startsWith('!')) return outcome(text);
      const states = await monitorStates([...engine.catalog.queries.values()].at(-1)!, engine);
      const last = states!.at(-1);
      return last?.value ?? last?.state;
    });

const drifted = (option: string, others: string, gives: Case['gives']): Case => ({
  see: seen("DRIFT(n, 'L_INFINITY') < 1", option, others, 'BASELINE PREVIOUS WINDOW'),
  gives,
});
const labels = { LABEL_STREAM: 'l', LABEL_KEY: 'k', LABEL: 'y', SCORE: 'score' };
const labelled = (option: string, gives: Case['gives']): Case => {
  const others = Object.entries(labels).filter(([name]) => name !== option);
  const written = others.map(([name, value]) => `${name}='${value}'`).join(', ');
  return { see: seen('RMSE() < 1', option, written), gives };
};

runCases(monitorOptions, {
  BINS: drifted('BINS', 'MIN_ROWS=1', [
    ['2', 0.16666666666666669],
    ['1', 'INVALID_PROPERTY_VALUE'],
  ]),
  MIN_ROWS: drifted('MIN_ROWS', 'BINS=2', [
    ['3', 0.16666666666666669],
    ['4', 'INSUFFICIENT_DATA'],
  ]),
  TICK: {
    see: (value) =>
      onEngine({}, async ({ engine, ask }) => {
        await ask(sources[0]!);
        await ask(
          `CREATE MONITOR w ON STREAM s WINDOW TUMBLING (SIZE 100 MILLISECONDS) WITH (TICK='${value}') (CHECK (ROW_COUNT() > 0));`,
        );
        await ask(`INSERT INTO s (k, n) VALUES ('a', 1);`);
        await pause(2500);
        const states = await monitorStates([...engine.catalog.queries.values()].at(-1)!, engine);
        return states!.map(({ state }) => state).join();
      }),
    gives: [
      ['100 MILLISECONDS', 'ALERT'],
      ['1 DAY', ''],
    ],
  },
  LABEL_STREAM: labelled('LABEL_STREAM', [
    ['l', 0.2645751311064591],
    ['m', 0.9],
  ]),
  LABEL_KEY: labelled('LABEL_KEY', [
    ['k', 0.2645751311064591],
    ['q', 'COLUMN_NOT_FOUND'],
  ]),
  LABEL: labelled('LABEL', [
    ['y', 0.2645751311064591],
    ['z', 0.776745346515403],
  ]),
  SCORE: labelled('SCORE', [
    ['score', 0.2645751311064591],
    ['k', 'INVALID_PROPERTY_VALUE'],
  ]),
  LABEL_WITHIN: {
    see: seen(
      'RMSE() < 1',
      'LABEL_WITHIN',
      Object.entries(labels)
        .map(([name, value]) => `${name}='${value}'`)
        .join(', '),
    ),
    gives: [
      ['1 HOUR', 0.2645751311064591],
      ['2 SECONDS', 0.15811388300841897],
    ],
  },
});
