import fc from 'fast-check';
import protobuf from 'protobufjs';
import { expect, test } from 'vitest';
import { DecodeError, type NullableFields } from '../../src/formats/define.ts';
import { protobufNosr } from '../../src/formats/protobuf-nosr.ts';
import {
  array,
  BIGINT,
  BOOLEAN,
  BYTES,
  DATE,
  decimal,
  DOUBLE,
  INTEGER,
  map,
  STRING,
  struct,
  TIME,
  TIMESTAMP,
  type SqlType,
  type Value,
} from '../../src/types/sql-type.ts';
import { canonical } from '../../src/types/numbers.ts';
import { Bytes } from '../../src/util/bytes.ts';

const inner = struct([
  { name: 'X', type: INTEGER },
  { name: 'TAGS', type: array(STRING) },
]);
const types: readonly SqlType[] = [
  INTEGER,
  BIGINT,
  DOUBLE,
  BOOLEAN,
  STRING,
  BYTES,
  array(BIGINT),
  array(STRING),
  map(STRING, DOUBLE),
  inner,
  array(inner),
  DATE,
  TIME,
  TIMESTAMP,
  decimal(20, 3),
];
const columns = types.map((type, slot) => ({ name: `C${slot}`, type, slot }));

const messages = `
message Inner { MAYBE int32 X = 1; repeated string TAGS = 2; }
message Date { int32 year = 1; int32 month = 2; int32 day = 3; }
message TimeOfDay { int32 hours = 1; int32 minutes = 2; int32 seconds = 3; int32 nanos = 4; }
message Timestamp { int64 seconds = 1; int32 nanos = 2; }
message Decimal { bytes value = 1; uint32 precision = 2; int32 scale = 3; }
message Row {
  MAYBE int32 C0 = 1; MAYBE int64 C1 = 2; MAYBE double C2 = 3; MAYBE bool C3 = 4; MAYBE string C4 = 5; MAYBE bytes C5 = 6;
  repeated int64 C6 = 7; repeated string C7 = 8; map<string, double> C8 = 9; Inner C9 = 10; repeated Inner C10 = 11;
  Date C11 = 12; TimeOfDay C12 = 13; Timestamp C13 = 14; Decimal C14 = 15;
}`;
const rowType = (nullable: NullableFields): protobuf.Type =>
  protobuf
    .parse(`syntax = "proto3";${messages.replaceAll('MAYBE ', nullable === 'OPTIONAL' ? 'optional ' : '')}`, {
      keepCase: true,
    })
    .root.lookupType('Row');

const text = fc.string({ unit: 'binary', maxLength: 200 }).map((each) => Buffer.from(each).toString());
const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(canonical);
const double = fc.double({ noNaN: true });
const innerValue = fc.tuple(fc.option(fc.integer()), fc.array(text, { maxLength: 3 }));
const row = fc.tuple(
  fc.option(fc.integer()),
  fc.option(fc.oneof(long, fc.integer())),
  fc.option(double),
  fc.option(fc.boolean()),
  fc.option(text),
  fc.option(fc.uint8Array({ maxLength: 300 }).map((each) => Buffer.from(each))),
  fc.array(long, { maxLength: 40 }),
  fc.array(text, { maxLength: 3 }),
  fc.dictionary(text, double, { maxKeys: 4 }).map((each) => new Map(Object.entries(each))),
  fc.option(innerValue),
  fc.array(innerValue, { maxLength: 3 }),
  fc.option(fc.integer({ min: -700_000, max: 2_000_000 })),
  fc.option(fc.integer({ min: 0, max: 86_399_999 })),
  fc.option(fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 })),
  fc.option(fc.bigInt({ min: -(10n ** 20n) + 1n, max: 10n ** 20n - 1n }).map(canonical)),
);

function encode(values: readonly Value[], nullable: NullableFields): Buffer {
  const out = new Bytes(16);
  protobufNosr.encoder(columns, { wrap: true, delimiter: ',', nullable })(values, out);
  return out.from(0);
}
function decode(bytes: Buffer, nullable: NullableFields): Value[] {
  const values: Value[] = types.map(() => null);
  protobufNosr.decoder(columns, { wrap: true, delimiter: ',', nullable })(bytes, 0, bytes.length, values);
  return values;
}

const defaults: readonly Value[] = [0, 0, 0, false, '', Buffer.alloc(0)];
/** What is left of a row without a way to hold nulls. */
const withDefaults = (values: readonly Value[]): Value[] => {
  const filled = ([x, tags]: readonly Value[]): Value => [x ?? 0, tags!];
  return values.map((value, i) => {
    if (value === null) return defaults[i] ?? null;
    if (i === 9) return filled(value as Value[]);
    return i === 10 ? (value as Value[][]).map(filled) : value;
  });
};

test.each([undefined, 'OPTIONAL', 'WRAPPER'] as const)('rows come back as they were, nulls held by %s', (nullable) => {
  fc.assert(
    fc.property(row, (values) => {
      const back = decode(encode(values, nullable), nullable);
      // proto3 does not write a zero: the sign of -0 is lost where nothing else is.
      const expected = nullable === undefined ? withDefaults(values) : values;
      expect(back).toEqual(expected);
    }),
    { numRuns: 500, seed: 3 },
  );
});

test.each([undefined, 'OPTIONAL'] as const)(
  'messages are what another implementation reads and writes, nulls held by %s',
  (nullable) => {
    const type = rowType(nullable);
    fc.assert(
      fc.property(row, (values) => {
        const message = type.decode(encode(values, nullable));
        // Written by the other one, in its order of fields and its packing, they are the same row to us.
        const written = Buffer.from(type.encode(message).finish());
        expect(decode(written, nullable)).toEqual(nullable === undefined ? withDefaults(values) : values);
        const plain = type.toObject(message, { longs: String, bytes: Buffer }) as Record<string, unknown>;
        const expected = nullable === undefined ? withDefaults(values) : values;
        if (expected[1] !== null && plain['C1'] !== undefined) expect(plain['C1']).toBe(String(expected[1]));
        if (values[11] !== null) {
          const date = new Date(values[11] * 86_400_000);
          const { year = 0, month = 0, day = 0 } = plain['C11'] as Record<string, number>;
          expect([year, month, day]).toEqual([date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()]);
        }
      }),
      { numRuns: 500, seed: 4 },
    );
  },
);

test('bytes that are no message are refused as such, and never read past their end', () => {
  fc.assert(
    fc.property(row, fc.nat(), fc.integer({ min: 0, max: 255 }), fc.boolean(), (values, at, byte, cut) => {
      const bytes = encode(values, undefined);
      if (bytes.length === 0) return;
      const place = at % bytes.length;
      const broken = cut ? bytes.subarray(0, place) : Buffer.from(bytes);
      if (!cut) broken[place] = byte;
      try {
        expect(decode(Buffer.from(broken), undefined)).toHaveLength(types.length);
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
    }),
    { numRuns: 2000, seed: 5 },
  );
});
