import { expect, test } from 'vitest';
import type { SchemaType } from '../../src/runtime/ports/schema-registry.ts';
import { openEngine } from '../support/memory-node.ts';
import { consume } from '../support/topics.ts';

/** The rows that INSERT writes to a topic with another program's schema, as they are read again. */
async function backFrom(type: SchemaType, text: string, inserts: readonly string[]): Promise<string[]> {
  const engine = await openEngine();
  await engine.engine.registry.register('t-value', { type, text });
  const format = type === 'JSON' ? 'JSON_SR' : type;
  await engine.run(`CREATE STREAM s WITH (kafka_topic='t', value_format='${format}', partitions=1);
    CREATE STREAM back WITH (value_format='JSON') AS SELECT * FROM s EMIT CHANGES;`);
  for (const values of inserts) await engine.run(`INSERT INTO s VALUES (${values});`);
  await engine.settle();
  const rows = await consume(engine.engine, 'BACK');
  await engine.close();
  return rows.map((row) => row.replace(/^null@\d+ /, ''));
}

// The union's column was left out without a word.
test('a union of several Avro types is a struct with a field for each', async () => {
  const union = ['null', 'int', 'string', { type: 'record', name: 'n.P', fields: [{ name: 'x', type: 'long' }] }];
  const text = JSON.stringify({
    type: 'record',
    name: 'R',
    fields: [
      { name: 'u', type: union },
      { name: 'l', type: { type: 'array', items: ['boolean', 'double'] } },
    ],
  });
  const rows = await backFrom('AVRO', text, [
    'STRUCT(`INT` := 5), ARRAY[STRUCT(`BOOLEAN` := true), STRUCT(`DOUBLE` := 1.5e0)]',
    "STRUCT(`STRING` := 'a'), ARRAY[STRUCT(`DOUBLE` := 2.0e0)]",
    'STRUCT(P := STRUCT(x := 7)), ARRAY[STRUCT(`BOOLEAN` := false)]',
    'NULL, ARRAY[STRUCT(`BOOLEAN` := true)]',
  ]);
  expect(rows).toEqual([
    '{"U":{"INT":5,"STRING":null,"P":null},"L":[{"BOOLEAN":true,"DOUBLE":null},{"BOOLEAN":null,"DOUBLE":1.5}]}',
    '{"U":{"INT":null,"STRING":"a","P":null},"L":[{"BOOLEAN":null,"DOUBLE":2.0}]}',
    '{"U":{"INT":null,"STRING":null,"P":{"X":7}},"L":[{"BOOLEAN":false,"DOUBLE":null}]}',
    '{"U":null,"L":[{"BOOLEAN":true,"DOUBLE":null}]}',
  ]);
});

// Two types at once would have lost one of them.
test('a union holds one of its types', async () => {
  const text = JSON.stringify({ type: 'record', name: 'R', fields: [{ name: 'u', type: ['int', 'string'] }] });
  await expect(backFrom('AVRO', text, ["STRUCT(`INT` := 5, `STRING` := 'a')"])).rejects.toThrow(/one of its types/);
  await expect(backFrom('AVRO', text, ['NULL'])).rejects.toThrow(/does not allow null/);
});

// Such a map refused the whole stream.
test('maps of Protobuf have keys of any type, as text', async () => {
  const text =
    'syntax = "proto3"; message R { map<int32, string> a = 1; map<bool, double> b = 2; map<uint64, int64> c = 3; }';
  const rows = await backFrom('PROTOBUF', text, [
    "MAP('-5' := 'x', '7' := 'y'), MAP('true' := 1.5e0), MAP('9007199254740993' := 1)",
  ]);
  expect(rows).toEqual(['{"A":{"-5":"x","7":"y"},"B":{"true":1.5},"C":{"9007199254740993":1}}']);
  await expect(backFrom('PROTOBUF', text, ["MAP('x' := 'y'), NULL, NULL"])).rejects.toThrow(/not a/);
});

// The columns were left out.
test('JSON schemas with references and alternatives are written under their own names', async () => {
  const text = JSON.stringify({
    type: 'object',
    properties: {
      name: { type: ['string', 'null'] },
      p: { $ref: '#/$defs/p' },
      q: { anyOf: [{ type: 'integer' }, { type: 'number' }] },
    },
    $defs: { p: { type: 'object', properties: { x: { type: 'integer' }, next: { $ref: '#/$defs/p' } } } },
  });
  const rows = await backFrom('JSON', text, ["'a', STRUCT(X := 1), 1.5e0", 'NULL, STRUCT(X := 2), 2.0e0']);
  expect(rows).toEqual(['{"NAME":"a","P":{"X":1},"Q":1.5}', '{"NAME":null,"P":{"X":2},"Q":2.0}']);
});
