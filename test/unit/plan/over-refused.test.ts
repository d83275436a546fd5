import { afterAll, beforeAll, expect, test } from 'vitest';
import { SqlError } from '../../../src/diagnostics/sql-error.ts';
import { Session } from '../../../src/engine/session.ts';
import { planText } from '../../golden/plan-text.ts';
import { of, refusals, window } from '../../support/over-refusals.ts';
import { openEngine, type TestEngine } from '../../support/memory-node.ts';

let engine: TestEngine;
const plan = (sql: string): string => planText(engine.engine, new Session(engine.engine.defaults), sql);

beforeAll(async () => {
  engine = await openEngine();
  await engine.run(`
CREATE STREAM s (id STRING KEY, card STRING, n INT, amount DOUBLE, price DECIMAL(6, 2), tags MAP<STRING, INT>, ts BIGINT)
  WITH (kafka_topic='s', value_format='JSON', partitions=1);
CREATE TABLE t (id STRING PRIMARY KEY, n INT) WITH (kafka_topic='t', value_format='JSON', partitions=1);`);
});
afterAll(() => engine.close());

test.each(refusals.map((refusal, i) => ({ ...refusal, i })))('$sql', async ({ sql, code, at, hint, cure, i }) => {
  let error: unknown;
  try {
    plan(sql);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(SqlError);
  const { code: given, span, hint: told } = error as SqlError;
  expect({ code: given, at: span.source.text.slice(span.start, span.end) }).toEqual({ code, at });
  expect(told ?? '').toContain(hint);
  await engine.run(cure.replace(/(CREATE (STREAM|TABLE)) q/, `$1 q${i}`));
});

test('one grace holds for all windows of a SELECT, and is a day where none says it', () => {
  const two = (first: string, second: string): string =>
    plan(
      `CREATE STREAM q AS SELECT id, COUNT(*) OVER (${window} ${first}) AS a, SUM(n) OVER (PARTITION BY card ORDER BY ts ${second}) AS b FROM s EMIT CHANGES;`,
    );
  const graces = (text: string): string[] => [...text.matchAll(/graceMs: (\d+)/g)].map(([, ms]) => ms!);
  expect(graces(two('GRACE PERIOD 1 HOUR', ''))).toEqual(['3600000', '3600000']);
  expect(graces(two('', 'GRACE PERIOD 60 MINUTES'))).toEqual(['3600000', '3600000']);
  expect(graces(two('GRACE PERIOD 1 HOUR', 'GRACE 60 MINUTES'))).toEqual(['3600000', '3600000']);
  expect(graces(two('', ''))).toEqual(['86400000', '86400000']);
});

test('EMIT FINAL with OVER does not hang on the setting for windows of GROUP BY', () => {
  const session = new Session(engine.engine.defaults);
  session.set('ksql.suppress.enabled', 'false');
  expect(planText(engine.engine, session, of('COUNT(*)', window, 'FINAL'))).toContain('final: true');
});

test.each([
  'filter',
  'ignore',
  'respect',
  'tile',
  'grace',
  'exclude',
  'maxsize',
  'rows',
  'range',
  'ties',
  'no',
  'others',
  'nulls',
  'period',
])('%s is a name still: of a column, an alias and a window', (word) => {
  const made = `CREATE STREAM q AS SELECT ${word} AS a, COUNT(*) ${word} FROM (SELECT id, n AS ${word}, ts FROM s) AS ${word} GROUP BY ${word}`;
  expect(() => plan(`${made.replace('STREAM', 'TABLE')} EMIT CHANGES;`)).not.toThrow();
  expect(() =>
    plan(
      `CREATE STREAM q AS SELECT id, SUM(${word}) FILTER (WHERE ${word} > 1) OVER ${word} AS a, LAG(${word} IGNORE NULLS) OVER (PARTITION BY ${word} ORDER BY ts) ${word} FROM (SELECT id, n AS ${word}, ts FROM s) AS t WINDOW ${word} AS (PARTITION BY ${word} ORDER BY ts ROWS 2 PRECEDING GRACE 1 HOUR) EMIT CHANGES;`,
    ),
  ).not.toThrow();
});
