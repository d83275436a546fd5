import fc from 'fast-check';
import { expect, test } from 'vitest';
import { literal, slotColumn, type Expr } from '../../src/expressions/node.ts';
import type { SourceStep } from '../../src/plan/physical/steps/source.ts';
import { batchHeader, BatchWriter, readBatchInfo, RecordCursor } from '../../src/records/batch.ts';
import type { Change } from '../../src/runtime/change.ts';
import { compileWhere, SourceDecoder, type BadRecord } from '../../src/runtime/source-decoder.ts';
import { storedKey } from '../../src/runtime/erased-entities.ts';
import { decoderOf } from '../../src/runtime/task/erasing-decoder.ts';
import { testSchemas } from '../support/schemas.ts';
import { BIGINT, BOOLEAN, INTEGER, STRING, type SqlType } from '../../src/types/sql-type.ts';

const kafka = { format: 'KAFKA', wrap: false, delimiter: ',' };
const json = { format: 'JSON', wrap: true, delimiter: ',' };
const schema = [
  { name: 'K', type: STRING, role: 'key' },
  { name: 'A', type: STRING, role: 'value' },
  { name: 'N', type: INTEGER, role: 'value' },
  { name: 'B', type: STRING, role: 'value' },
] as const;

const compare = (left: Expr, op: '=' | '<', right: Expr): Expr => ({ kind: 'compare', op, left, right, type: BOOLEAN });
const columnOf = (name: string, type: SqlType): Expr =>
  slotColumn(name === 'ROWTIME' ? schema.length : schema.findIndex((column) => column.name === name), name, type);
const n = columnOf('N', INTEGER);
const sixByN: Expr = { kind: 'arithmetic', op: '/', left: literal(INTEGER, 6), right: n, type: INTEGER };
const predicates: readonly Expr[] = [
  compare(n, '<', literal(INTEGER, 3)),
  compare(columnOf('A', STRING), '=', literal(STRING, 'x')),
  compare(columnOf('K', STRING), '=', literal(STRING, 'k1')),
  compare(columnOf('ROWTIME', BIGINT), '<', literal(BIGINT, 50)),
  compare(sixByN, '=', literal(INTEGER, 2)),
];

function source(where?: Expr): SourceStep {
  const columns = [...schema, { name: 'ROWTIME', type: BIGINT, role: 'value' }] as const;
  const step = {
    op: 'streamSource',
    v: 1,
    id: 'Source-0',
    columns,
    reads: columns.map(({ name }) => name),
    source: {
      name: 'S',
      kind: 'STREAM',
      topic: 's',
      schema,
      keyFormat: kafka,
      valueFormat: json,
      window: undefined,
      timestamp: undefined,
      partitions: 1,
    },
  } as const;
  return where === undefined ? step : { ...step, where };
}

interface Given {
  readonly key: string | null;
  readonly value: string | null;
  readonly time: number;
}

function decodeAll(step: SourceStep, records: readonly Given[]): { changes: Change[]; bad: Omit<BadRecord, 'copy'>[] } {
  const writer = new BatchWriter();
  for (const { key, value, time } of records) writer.add(time, key, value);
  const bytes = writer.finish();
  const bad: Omit<BadRecord, 'copy'>[] = [];
  const decoder = new SourceDecoder(step, testSchemas().schemas, ({ copy: _, ...record }) => bad.push(record));
  const cursor = new RecordCursor();
  cursor.open(bytes, batchHeader, readBatchInfo(bytes, 0, bytes.length)!);
  const changes: Change[] = [];
  while (cursor.next()) {
    const change = decoder.decode(cursor, 0, 0);
    if (change !== undefined) changes.push(change);
  }
  return { changes, bad };
}

const name = fc.constantFrom('"x"', '"y"', '"\\u00e9\\n"', '"é"', 'null', '5', '{"a":1}');
const value = fc.oneof(
  fc
    .tuple(name, fc.constantFrom('0', '1', '3', '4', 'null', '"2"', '1e99'), name)
    .map(([a, n, b]) => `{"A":${a},"N":${n},"B":${b}}`),
  fc.constantFrom(null, 'null', '{', '{}', '{"a":"x","A":"x","n":1}', '{"N":1,"B":"later","A":"x"}'),
);
const record = fc.record({ key: fc.constantFrom(null, '', 'k1', 'k2', 'é'), value, time: fc.nat(100) });

test('a source that keeps some rows gives what all rows give when they are filtered behind it', () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 20 }), fc.constantFrom(...predicates), (records, where) => {
      const failures: unknown[] = [];
      const matches = compileWhere(source(where), (error) => failures.push(error))!;
      const all = decodeAll(source(), records);
      const kept = decodeAll(source(where), records);
      expect(kept.changes).toEqual(all.changes.filter(({ after }) => after !== undefined && matches(after)));
      expect(kept.bad.filter(({ target }) => target !== 'predicate')).toEqual(all.bad);
      expect(kept.bad.filter(({ target }) => target === 'predicate')).toHaveLength(failures.length);
    }),
    { numRuns: 1000, seed: 5 },
  );
});

test('a source whose key nobody reads gives the same without it, and refuses what is no key all the same', () => {
  const withoutKey = ({ key, after, ...change }: Change): object => ({
    ...change,
    key: key.map(() => null),
    after: after?.with(0, null),
  });
  const unread = (step: SourceStep): SourceStep => ({ ...step, keyUnread: true });
  const { source: spec, ...step } = source();
  const numbers = { ...step, source: { ...spec, schema: spec.schema.with(0, { ...spec.schema[0]!, type: BIGINT }) } };
  fc.assert(
    fc.property(fc.array(record, { maxLength: 20 }), (records) => {
      const all = decodeAll(source(), records);
      const less = decodeAll(unread(source()), records);
      expect(less.changes.map((change) => ({ ...change }))).toEqual(all.changes.map(withoutKey));
      expect(less.changes.every(({ after }) => after === undefined || after[0] === null)).toBe(true);
      expect(less.bad).toEqual(all.bad);
      // A text is no number of eight bytes.
      expect(decodeAll(unread(numbers), records).bad).toEqual(decodeAll(numbers, records).bad);
    }),
    { numRuns: 200, seed: 6 },
  );
});

test('of a source whose key nobody reads, entities are erased by their key', () => {
  const erased = { own: undefined, reads: { S: { columns: ['K'], list: [{ key: storedKey(['k1']) }] } } };
  const writer = new BatchWriter();
  for (const key of ['k1', 'k2']) writer.add(1, key, '{"A":"x"}');
  const bytes = writer.finish();
  const decoder = decoderOf({ ...source(), keyUnread: true }, erased, testSchemas().schemas, () => undefined);
  const cursor = new RecordCursor();
  cursor.open(bytes, batchHeader, readBatchInfo(bytes, 0, bytes.length)!);
  const kept: boolean[] = [];
  while (cursor.next()) kept.push(decoder.decode(cursor, 0, 0) !== undefined);
  expect(kept).toEqual([false, true]);
});
