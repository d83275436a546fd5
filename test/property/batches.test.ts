import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  BatchWriter,
  batchHeader,
  checkCrc,
  readBatchInfo,
  RecordCursor,
  writePayload,
} from '../../src/records/batch.ts';
import { decodeValue, encodeValue } from '../../src/runtime/codec.ts';
import type { Bytes } from '../../src/util/bytes.ts';

const payload = fc.oneof(
  fc.constant(null),
  fc.string({ maxLength: 200 }),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
);
const record = fc.record({
  timestamp: fc.integer({ min: 0, max: 4e12 }),
  key: payload,
  value: payload,
  header: fc.option(fc.string({ maxLength: 5 })),
});
const bytesOf = (value: string | Buffer | null): Buffer | null =>
  typeof value === 'string' ? Buffer.from(value) : value;

test('a batch gives back the records that were written, and its checksum holds', () => {
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 30 }), (records) => {
      const writer = new BatchWriter(64);
      for (const { timestamp, key, value, header } of records)
        writer.add(timestamp, key, value, header === null ? undefined : [{ key: header, value: Buffer.from(header) }]);
      const bytes = writer.finish();
      const info = readBatchInfo(bytes, 0, bytes.length)!;
      checkCrc(bytes, info);
      const cursor = new RecordCursor();
      cursor.open(bytes, batchHeader, info);
      for (const { timestamp, key, value, header } of records) {
        expect(cursor.next()).toBe(true);
        expect([cursor.timestamp, cursor.key(), cursor.value()]).toEqual([timestamp, bytesOf(key), bytesOf(value)]);
        expect(cursor.headers().map((each) => each.key)).toEqual(header === null ? [] : [header]);
      }
      expect(cursor.next()).toBe(false);
    }),
    { seed: 5 },
  );
});

test('a value whose writing throws leaves nothing in its batch', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(record, fc.boolean()), { minLength: 1, maxLength: 30 }), (records) => {
      const writer = new BatchWriter(64);
      const expected = new BatchWriter(64);
      for (const [{ timestamp, key, value }, fails] of records) {
        if (!fails) {
          writer.add(timestamp, key, value);
          expected.add(timestamp, key, value);
          continue;
        }
        const write = (from: string | Buffer | null, out: Bytes): boolean => {
          writePayload(from, out);
          throw new RangeError('it cannot be written');
        };
        expect(() => writer.addWritten(timestamp, key, write, value)).toThrow(RangeError);
      }
      expect([writer.count, writer.size]).toEqual([expected.count, expected.size]);
      expect(writer.finish()).toEqual(expected.finish());
    }),
    { seed: 7 },
  );
});

test('state values come back as they were stored', () => {
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 3 },
      fc.constant(null),
      fc.boolean(),
      fc.integer(),
      fc.maxSafeInteger(),
      fc.double(),
      fc.bigInt(),
      fc.string({ unit: 'binary' }),
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      fc.array(tie('any')),
      fc.array(fc.tuple(fc.string(), tie('any'))).map((entries) => new Map(entries)),
    ),
  })).any;
  fc.assert(
    fc.property(value, (each) => {
      expect(decodeValue(encodeValue(each))).toEqual(each);
    }),
    { seed: 6 },
  );
});
