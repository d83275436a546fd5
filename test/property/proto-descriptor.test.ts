import fc from 'fast-check';
import { expect, test } from 'vitest';
import { asDescriptor, asProtoText } from '../../src/formats/protobuf/descriptor.ts';
import { parseProto } from '../../src/formats/protobuf/parse.ts';
import { messageFor, protoText } from '../../src/formats/protobuf/schema.ts';
import {
  array,
  BIGINT,
  BYTES,
  DATE,
  decimal,
  DOUBLE,
  INTEGER,
  map,
  STRING,
  struct,
  TIMESTAMP,
  type SqlType,
} from '../../src/types/sql-type.ts';

const plain: readonly SqlType[] = [INTEGER, BIGINT, DOUBLE, STRING, BYTES, DATE, TIMESTAMP, decimal(9, 2)];
const types: fc.Arbitrary<SqlType> = fc.letrec<{ type: SqlType }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.constantFrom(...plain),
    fc.constantFrom(...plain).map(array),
    fc.constantFrom(...plain).map((value) => map(STRING, value)),
    fc.array(tie('type'), { minLength: 1, maxLength: 3 }).map((list) => struct(named(list))),
  ),
})).type;
const named = (list: readonly SqlType[]): { name: string; type: SqlType }[] =>
  list.map((type, i) => ({ name: `F_${i}`, type }));

test("a schema is the same schema as the compiler's descriptor and back", () => {
  fc.assert(
    fc.property(
      fc.array(types, { minLength: 1, maxLength: 5 }),
      fc.constantFrom(undefined, 'OPTIONAL', 'WRAPPER'),
      (list, nullable) => {
        const text = protoText(messageFor(named(list), nullable, 'test.Row'));
        const descriptor = asDescriptor(text);
        expect(parseProto({ text: descriptor })).toEqual(parseProto({ text }));
        expect(asDescriptor(asProtoText(descriptor))).toBe(descriptor);
      },
    ),
  );
});

test('groups, enums, maps and nested messages come through', () => {
  const text = `syntax = "proto3"; package a.b;
    enum Colour { RED = 0; BLUE = 5; }
    message Order {
      message Item { string sku = 1; repeated int32 sizes = 2; }
      enum State { NEW = 0; DONE = 1; }
      int64 id = 1; map<string, Item> items = 2; State state = 3; optional Colour colour = 4;
      oneof payment { string card = 5; double cash = 6; }
      optional string note = 7; Item first = 8;
    }
    message Other { Order.Item item = 1; }`;
  const descriptor = asDescriptor(text);
  expect(parseProto({ text: descriptor })).toEqual(parseProto({ text }));
  expect(asDescriptor(asProtoText(descriptor))).toBe(descriptor);
});
