import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { BatchInfo } from '../../../src/records/batch.ts';
import { batchHeader, CorruptBatch } from '../../../src/records/batch.ts';
import { recordsOf } from '../../../src/records/compression.ts';

const text = 'millrace millrace millrace';
const snappy = createRequire(import.meta.url)('snappy') as { compressSync: (data: string) => Buffer };

/** Records behind a header that names the codec. */
async function decompress(codec: number, records: Buffer): Promise<string> {
  const bytes = Buffer.concat([Buffer.alloc(batchHeader), records]);
  const info = { start: 0, end: bytes.length, attributes: codec } as BatchInfo;
  const result = await recordsOf(bytes, info);
  return result.bytes.toString('utf8', result.start);
}

const xerial = (body: Buffer): Buffer => {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length);
  return Buffer.concat([Buffer.from('82534e41505059000000000100000001', 'hex'), length, body]);
};

// The zstd and lz4 bytes are what the command-line tools of these names write.
test.each([
  ['none', 0, Buffer.from(text)],
  ['gzip', 1, gzipSync(text)],
  ['snappy', 2, snappy.compressSync(text)],
  ["snappy in Java's frames", 2, xerial(snappy.compressSync(text))],
  ['lz4', 3, Buffer.from('BCJNGGRApxIAAACYbWlsbHJhY2UgCQBQbHJhY2UAAAAAf54jig==', 'base64')],
  ['zstd', 4, Buffer.from('KLUv/QRYfQAASG1pbGxyYWNlIAEAnMsRrzX0dA==', 'base64')],
])('records compressed by %s are read', async (_, codec, records) => {
  expect(await decompress(codec, records)).toBe(text);
});

test('a codec that does not exist is an error of the batch', async () => {
  await expect(decompress(6, Buffer.from(text))).rejects.toThrow(CorruptBatch);
});
