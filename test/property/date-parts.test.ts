import type { DuckDBConnection } from '@duckdb/node-api';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { findScalar } from '../../src/functions/registry.ts';
import type { SqlType } from '../../src/types/sql-type.ts';
import { openDuckDb } from '../support/duckdb.ts';
import { runsOf } from '../support/scale.ts';

const evaluator = (name: string, kind: SqlType['kind']): ((unit: string, value: number) => unknown) => {
  const overload = findScalar(name)!.overloads.find(
    ({ params }) => params[1]!.type.kind === 'exact' && params[1]!.type.type.kind === kind,
  )!;
  return overload.bind({ args: [], returns: { kind: 'BIGINT' }, constants: [] });
};
const part = evaluator('DATE_PART', 'TIMESTAMP');
const trunc = evaluator('DATE_TRUNC', 'TIMESTAMP');
const months = (kind: 'DATE' | 'TIMESTAMP', value: number, count: number): unknown =>
  findScalar('ADD_MONTHS')!
    .overloads.find(({ params }) => params[0]!.type.kind === 'exact' && params[0]!.type.type.kind === kind)!
    .bind({ args: [], returns: { kind }, constants: [] })(value, count);

/** Units that both have, with the name that DuckDB gives each. */
const units = [
  'year',
  'isoyear',
  'quarter',
  'month',
  'week',
  'day',
  'doy',
  'dow',
  'isodow',
  'hour',
  'minute',
  'second',
];
const lengths = ['second', 'minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'];

let duckdb: DuckDBConnection | string;
beforeAll(async () => {
  duckdb = await openDuckDb();
});

test('parts and beginnings of times are those of DuckDB, in any year', async (context) => {
  if (typeof duckdb === 'string') return context.skip(duckdb);
  const connection = duckdb;
  // DuckDB's timestamps are microseconds in 64 bits.
  const time = fc.oneof(
    fc.integer({ min: -62_000_000_000_000, max: 253_402_300_799_999 }),
    fc.integer({ min: -6_000_000_000_000_000, max: 9_000_000_000_000_000 }),
    fc
      .tuple(fc.integer({ min: -3000, max: 12_000 }), fc.integer({ min: -8, max: 8 }))
      .map(([year, days]) => (year - 1970) * 31_556_952_000 + days * 86_400_000),
  );
  const times = fc.sample(time, { numRuns: runsOf(2000), seed: 8 });
  const select = [
    ...units.map((unit) => `date_part('${unit}', t)::BIGINT`),
    ...lengths.map((unit) => `epoch_ms(date_trunc('${unit}', t)::TIMESTAMP)`),
  ];
  const values = times.map((ms) => `(${ms}::BIGINT)`).join();
  const from = `(SELECT ms, make_timestamp(ms * 1000) AS t FROM (VALUES ${values}) v(ms))`;
  const reader = await connection.runAndReadAll(`SELECT ms, ${select.join()} FROM ${from}`);
  let compared = 0;
  for (const [ms, ...theirs] of reader.getRowsJS()) {
    const at = Number(ms);
    const ours = [...units.map((unit) => part(unit, at)), ...lengths.map((unit) => trunc(unit, at))];
    expect([at, ...ours]).toEqual([at, ...theirs.map(Number)]);
    compared += ours.length;
  }
  expect(compared).toBe(times.length * (units.length + lengths.length));
});

test('months are added as DuckDB adds them, which does as PostgreSQL', async (context) => {
  if (typeof duckdb === 'string') return context.skip(duckdb);
  const day = fc.integer({ min: -700_000, max: 2_900_000 });
  const cases = fc.sample(
    fc.tuple(day, fc.integer({ min: -2500, max: 2500 }), fc.integer({ min: 0, max: 86_399_999 })),
    {
      numRuns: runsOf(3000),
      seed: 9,
    },
  );
  const values = cases.map((each) => `(${each.join('::BIGINT, ')}::BIGINT)`).join();
  const reader = await duckdb.runAndReadAll(
    `SELECT d, n, ms, (DATE '1970-01-01' + d::INTEGER + to_months(n::INTEGER))::DATE - DATE '1970-01-01',
       epoch_ms(make_timestamp((d * 86400000 + ms) * 1000) + to_months(n::INTEGER)) FROM (VALUES ${values}) v(d, n, ms)`,
  );
  const rows = reader.getRowsJS().map((row) => row.map(Number));
  expect(rows).toHaveLength(cases.length);
  for (const [d, n, ms, date, timestamp] of rows as [number, number, number, number, number][])
    expect([d, n, months('DATE', d, n), months('TIMESTAMP', d * 86_400_000 + ms, n)]).toEqual([d, n, date, timestamp]);
});
