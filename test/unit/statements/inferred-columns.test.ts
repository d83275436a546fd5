import { expect, test } from 'vitest';
import type { SchemaType } from '../../../src/runtime/ports/schema-registry.ts';
import { typeText } from '../../../src/types/sql-type.ts';
import { openEngine } from '../../support/memory-node.ts';

/** The columns of a stream over a topic with this schema, and the warnings of CREATE, which are those of DESCRIBE. */
async function inferred(type: SchemaType, schema: string | object): Promise<{ columns: string[]; warnings: string[] }> {
  const engine = await openEngine();
  const text = typeof schema === 'string' ? schema : JSON.stringify(schema);
  await engine.engine.registry.register('t-value', { type, text });
  const format = type === 'JSON' ? 'JSON_SR' : type;
  const told = async (sql: string): Promise<string[]> => {
    const [answer] = (await engine.run(sql)) as { warnings: { message: string }[] }[];
    return answer!.warnings.map(({ message }) => message.replace(' of t-value is left out', ''));
  };
  const warnings = await told(`CREATE STREAM s WITH (kafka_topic='t', value_format='${format}', partitions=1);`);
  expect(await told('DESCRIBE s;')).toEqual(warnings);
  const columns = engine.engine.catalog.sources.get('S')!.spec.schema;
  await engine.close();
  return { columns: columns.map((column) => `${column.name} ${typeText(column.type)}`.replaceAll('`', '')), warnings };
}

const object = (properties: object, more: object = {}): object => ({ type: 'object', properties, ...more });

test.each<[string, object, string[], string[]]>([
  [
    'a type list with null',
    object({ a: { type: ['string', 'null'] }, b: { type: ['null', 'integer'] } }),
    ['A STRING', 'B BIGINT'],
    [],
  ],
  ['numbers', object({ a: { type: ['integer', 'number'] } }), ['A DOUBLE'], []],
  [
    '$ref to definitions and $defs',
    object(
      {
        a: { $ref: '#/definitions/A' },
        b: { $ref: '#/$defs/b~1c' },
        d: { oneOf: [{ type: 'null' }, { $ref: '#/$defs/d' }] },
      },
      {
        definitions: { A: object({ x: { type: 'string' } }) },
        $defs: { 'b/c': { type: 'array', items: { $ref: '#/definitions/A' } }, d: { $anchor: 'd', type: 'boolean' } },
      },
    ),
    ['A STRUCT<X STRING>', 'B ARRAY<STRUCT<X STRING>>', 'D BOOLEAN'],
    [],
  ],
  [
    'anyOf and nullable lists',
    object({ a: { anyOf: [{ type: 'null' }, { type: 'array', items: { type: ['string', 'null'] } }] } }),
    ['A ARRAY<STRING>'],
    [],
  ],
  [
    'alternatives of objects',
    object({ a: { oneOf: [object({ x: { type: 'string' } }), object({ y: { type: 'integer' } })] } }),
    ['A STRUCT<X STRING, Y BIGINT>'],
    [],
  ],
  [
    'enum and const',
    object({
      a: { enum: ['x', 'y', null] },
      b: { const: 1 },
      c: { enum: [1, 2.5] },
      d: { type: 'string', enum: ['x'] },
    }),
    ['A STRING', 'B BIGINT', 'C DOUBLE', 'D STRING'],
    [],
  ],
  [
    'allOf',
    object(
      { a: { allOf: [{ $ref: '#/$defs/x' }, object({ y: { type: 'integer' } })] } },
      { $defs: { x: object({ x: { type: 'string' } }) } },
    ),
    ['A STRUCT<X STRING, Y BIGINT>'],
    [],
  ],
  [
    'maps',
    object({
      a: { type: 'object', additionalProperties: { type: 'integer' } },
      b: { type: 'object', patternProperties: { '^x': { type: 'string' } } },
    }),
    ['A MAP<STRING, BIGINT>', 'B MAP<STRING, STRING>'],
    [],
  ],
  [
    'a root that is a reference',
    { $ref: '#/$defs/r', $defs: { r: object({ a: { type: 'string' } }) } },
    ['A STRING'],
    [],
  ],
  [
    'what has no type',
    object({
      ok: { type: 'string' },
      a: {},
      b: { type: 'object' },
      c: { type: ['string', 'integer'] },
      d: { type: 'null' },
      e: { type: 'array' },
      f: object({ g: {}, h: { type: 'string' } }),
    }),
    ['OK STRING', 'F STRUCT<H STRING>'],
    [
      'Field "a": it has no type.',
      'Field "b": it is an object of anything.',
      'Field "c": it may be STRING or BIGINT.',
      'Field "d": it is nothing but null.',
      'Field "e": it is a list of anything.',
      'Field "f.g": it has no type.',
    ],
  ],
  [
    'what holds itself',
    object(
      { n: { type: 'string' }, next: { $ref: '#' }, list: { $ref: '#/$defs/node' } },
      { $defs: { node: object({ v: { type: 'integer' }, rest: { $ref: '#/$defs/node' } }) } },
    ),
    ['N STRING', 'NEXT STRUCT<N STRING, LIST STRUCT<V BIGINT>>', 'LIST STRUCT<V BIGINT>'],
    [
      'Field "next.next": "#" holds itself.',
      'Field "next.list.rest": "#/$defs/node" holds itself.',
      'Field "list.rest": "#/$defs/node" holds itself.',
    ],
  ],
])('JSON schema: %s', async (_name, schema, columns, warnings) => {
  expect(await inferred('JSON', schema)).toEqual({ columns, warnings });
});

const record = (name: string, ...fields: [string, unknown][]): object => ({
  type: 'record',
  name,
  fields: fields.map(([field, type]) => ({ name: field, type })),
});

test.each<[string, object, string[], string[]]>([
  [
    'a union of several types',
    record('R', ['u', ['null', 'int', 'string']]),
    ['U STRUCT<INT INTEGER, STRING STRING>'],
    [],
  ],
  [
    'a union of records',
    record('R', ['u', [record('n.A', ['x', 'long']), record('B', ['y', 'string'])]]),
    ['U STRUCT<A STRUCT<X BIGINT>, B STRUCT<Y STRING>>'],
    [],
  ],
  [
    'unions within',
    record(
      'R',
      ['l', { type: 'array', items: ['string', 'double'] }],
      ['m', { type: 'map', values: ['null', 'boolean', 'bytes'] }],
    ),
    ['L ARRAY<STRUCT<STRING STRING, DOUBLE DOUBLE>>', 'M MAP<STRING, STRUCT<BOOLEAN BOOLEAN, BYTES BYTES>>'],
    [],
  ],
  [
    'enums, fixed and logical types',
    record(
      'R',
      ['e', { type: 'enum', name: 'E', symbols: ['a', 'b'] }],
      ['f', { type: 'fixed', name: 'F', size: 4 }],
      ['d', { type: 'fixed', name: 'D', size: 8, logicalType: 'decimal', precision: 9, scale: 2 }],
      ['day', { type: 'int', logicalType: 'date' }],
      ['micros', { type: 'long', logicalType: 'timestamp-micros' }],
      ['id', { type: 'string', logicalType: 'uuid' }],
    ),
    ['E STRING', 'F BYTES', 'D DECIMAL(9, 2)', 'DAY DATE', 'MICROS BIGINT', 'ID STRING'],
    [],
  ],
  [
    'what holds itself',
    record('Node', ['v', 'int'], ['next', ['null', 'Node']], ['n', 'null']),
    ['V INTEGER'],
    ['Field "next": Node holds itself.', 'Field "n": it is nothing but null.'],
  ],
])('Avro: %s', async (_name, schema, columns, warnings) => {
  expect(await inferred('AVRO', schema)).toEqual({ columns, warnings });
});

test.each<[string, string, string[], string[]]>([
  [
    'maps of any key',
    'message R { map<int32, string> a = 1; map<bool, double> b = 2; map<uint64, M> c = 3; message M { int32 x = 1; } }',
    ['A MAP<STRING, STRING>', 'B MAP<STRING, DOUBLE>', 'C MAP<STRING, STRUCT<X INTEGER>>'],
    [],
  ],
  [
    'oneof and enums',
    'message R { oneof it { string a = 1; E b = 2; } repeated E c = 3; enum E { X = 0; Y = 1; } }',
    ['A STRING', 'B STRING', 'C ARRAY<STRING>'],
    [],
  ],
  [
    'well-known types',
    'import "google/protobuf/timestamp.proto"; import "google/protobuf/wrappers.proto"; import "google/protobuf/duration.proto"; import "google/protobuf/any.proto"; message R { google.protobuf.Timestamp t = 1; google.protobuf.Int64Value w = 2; google.protobuf.Duration d = 3; google.protobuf.Any any = 4; }',
    ['T TIMESTAMP', 'W BIGINT', 'D STRUCT<SECONDS BIGINT, NANOS INTEGER>', 'ANY STRUCT<TYPE_URL STRING, VALUE BYTES>'],
    [],
  ],
  [
    'what holds itself',
    'message R { int32 v = 1; R next = 2; repeated R more = 3; Empty e = 4; } message Empty {}',
    ['V INTEGER'],
    ['Field "next": R holds itself.', 'Field "more[]": R holds itself.', 'Field "e": Empty has no fields.'],
  ],
])('Protobuf: %s', async (_name, schema, columns, warnings) => {
  expect(await inferred('PROTOBUF', `syntax = "proto3"; ${schema}`)).toEqual({ columns, warnings });
});
