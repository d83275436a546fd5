import { expect, test } from 'vitest';
import { MemoryBackend } from '../../../src/adapters/memory/memory-backend.ts';
import { SqlError } from '../../../src/diagnostics/sql-error.ts';
import { Session } from '../../../src/engine/session.ts';
import { openSummary } from '../../../src/engine/summary.ts';
import { parse, splitScript } from '../../../src/syntax/parse.ts';
import type { Summarize } from '../../../src/syntax/statements/summarize.ts';
import { openEngine, type TestEngine } from '../../support/memory-node.ts';

const columns = ['MIN', 'MAX', 'APPROX_UNIQUE', 'AVG', 'STD', 'Q25', 'Q50', 'Q75', 'COUNT', 'NULL_PERCENTAGE'];

/** Each column's facts by its name: its type, and what is in the other columns. */
async function summarized({ engine }: TestEngine, text: string): Promise<Record<string, unknown[]>> {
  const statement = parse(splitScript({ name: 'test', text })[0]!) as Summarize;
  const stream = await openSummary(statement, engine, new Session(engine.defaults), () => new MemoryBackend());
  expect(stream.columns.map(({ name }) => name)).toEqual(['COLUMN_NAME', 'COLUMN_TYPE', ...columns]);
  const found: Record<string, unknown[]> = {};
  for await (const rows of stream.rows()) for (const { values } of rows) found[String(values[0])] = values.slice(1);
  return found;
}

/** A quartile is told to within a hundredth. */
const near = (value: number): unknown => expect.closeTo(value, 1 - Math.log10(value / 5));

test('a row for each column, keys and headers included, with what its type has', async () => {
  const node = await openEngine();
  try {
    await node.run(`
      CREATE STREAM s (k STRING KEY, i INT, l BIGINT, d DOUBLE, p DECIMAL(6, 2), b BOOLEAN, t TIMESTAMP, dt DATE, tm TIME, a ARRAY<INT>,
        m MAP<STRING, INT>, st STRUCT<x INT>, y BYTES, \`a "b\` INT, alone INT, never INT, h BYTES HEADER('h'))
        WITH (kafka_topic='s', value_format='JSON', partitions=3);
      INSERT INTO s (k, i, l, d, p, b, t, dt, tm, a, m, st, y, \`a "b\`, alone) VALUES
        ('a', 1, 9007199254740993, 0.5, 1.50, true, '1970-01-02T00:00:00', '1970-01-02', '00:00:01', ARRAY[1], MAP('x' := 1), STRUCT(x := 1), TO_BYTES('a', 'utf8'), 1, 8);
      INSERT INTO s (k, i, l, d, p, b, t, dt, tm, a, \`a "b\`) VALUES
        ('b', 2, 2, 1.5, 2.25, false, '1970-01-03T00:00:00', '1970-01-03', '00:00:02', ARRAY[2], 1);
      INSERT INTO s (k, i, l, b) VALUES ('a', 6, 2, true);
      INSERT INTO s (k, d) VALUES ('c', NULL);`);
    const none = [null, null, null, null, null];
    const bare = [null, null, null, ...none];
    expect(await summarized(node, 'SUMMARIZE s;')).toEqual({
      K: ['STRING', 'a', 'c', 3, ...none, 4, 0],
      I: ['INTEGER', '1', '6', 3, 3, Math.sqrt(7), near(1), near(2), near(2), 4, 25],
      L: [
        'BIGINT',
        '2',
        '9007199254740993',
        2,
        expect.closeTo(3002399751580332, -1),
        expect.closeTo(5200308914369308, -2),
        near(2),
        near(2),
        near(2),
        4,
        25,
      ],
      D: ['DOUBLE', '0.5', '1.5', 2, 1, Math.sqrt(0.5), near(0.5), near(0.5), near(0.5), 4, 50],
      P: [
        'DECIMAL(6, 2)',
        '1.50',
        '2.25',
        2,
        1.875,
        expect.closeTo(0.75 / Math.sqrt(2), 10),
        near(1.5),
        near(1.5),
        near(1.5),
        4,
        50,
      ],
      B: ['BOOLEAN', null, null, 2, ...none, 4, 25],
      T: ['TIMESTAMP', '1970-01-02T00:00:00.000', '1970-01-03T00:00:00.000', 2, ...none, 4, 50],
      DT: ['DATE', '1970-01-02', '1970-01-03', 2, ...none, 4, 50],
      TM: ['TIME', '00:00:01', '00:00:02', 2, ...none, 4, 50],
      A: ['ARRAY<INTEGER>', ...bare, 4, 50],
      M: ['MAP<STRING, INTEGER>', ...bare, 4, 75],
      ST: ['STRUCT<`X` INTEGER>', ...bare, 4, 75],
      Y: ['BYTES', ...bare, 4, 75],
      'a "b': ['INTEGER', '1', '1', 1, 1, 0, near(1), near(1), near(1), 4, 50],
      // One value has no deviation, and none has nothing.
      ALONE: ['INTEGER', '8', '8', 1, 8, null, near(8), near(8), near(8), 4, 75],
      NEVER: ['INTEGER', null, null, 0, ...none, 4, 100],
      H: ['BYTES', ...bare, 4, 100],
    });
  } finally {
    await node.close();
  }
});

test('a source with hundreds of columns', async () => {
  const node = await openEngine();
  try {
    const names = Array.from({ length: 300 }, (_, i) => `C${i}`);
    await node.run(`CREATE STREAM wide (k STRING KEY, ${names.map((name) => `${name} DOUBLE`).join(', ')})
        WITH (kafka_topic='wide', value_format='JSON', partitions=1);
      INSERT INTO wide (${names.join(', ')}) VALUES (${names.map((_, i) => i).join(', ')});`);
    const found = await summarized(node, 'SUMMARIZE wide;');
    expect(Object.keys(found)).toEqual(['K', ...names]);
    expect(found['C299']?.slice(0, 5)).toEqual(['DOUBLE', '299.0', '299.0', 1, 299]);
  } finally {
    await node.close();
  }
});

test('what cannot be pulled is refused at the name, and feature views are summarized as they are pulled from', async () => {
  const node = await openEngine();
  try {
    await node.run(`CREATE STREAM s (k STRING KEY, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);
      CREATE TABLE declared (k STRING PRIMARY KEY, n INT) WITH (kafka_topic='d', value_format='JSON', partitions=1);
      CREATE FEATURE VIEW newest ENTITY KEY (k) AS SELECT k, n FROM s EMIT CHANGES;
      INSERT INTO s VALUES ('a', 1), ('a', 3), ('b', 2);`);
    await node.settle();
    const refused = await summarized(node, 'SUMMARIZE  declared;').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(SqlError);
    const { span } = refused as SqlError;
    expect(span.source.text.slice(span.start, span.end)).toBe('declared');
    expect(span.source.name).toBe('test');
    expect(await summarized(node, 'SUMMARIZE newest;')).toMatchObject({
      N: ['INTEGER', '2', '3', 2, 2.5, Math.sqrt(0.5), near(2), near(2), near(2), 2, 0],
    });
  } finally {
    await node.close();
  }
});
