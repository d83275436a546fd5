import { createRequire } from 'node:module';
import zlib, { gunzipSync } from 'node:zlib';
import type { BatchInfo } from './batch.ts';
import { batchHeader, codecOf, CorruptBatch } from './batch.ts';

const require = createRequire(import.meta.url);
const xerial = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);

type Decompress = (bytes: Buffer) => Promise<Buffer>;

async function unsnappy(bytes: Buffer): Promise<Buffer> {
  const snappy = require('snappy') as { uncompress: (data: Buffer) => Promise<Buffer> };
  if (!bytes.subarray(0, 8).equals(xerial)) return snappy.uncompress(bytes);
  // Java writes snappy in xerial frames: a sequence of chunks, each a length and a body.
  const chunks: Buffer[] = [];
  for (let i = 16; i < bytes.length;) {
    const length = bytes.readInt32BE(i);
    i += 4;
    chunks.push(await snappy.uncompress(bytes.subarray(i, i + length)));
    i += length;
  }
  return Buffer.concat(chunks);
}

/** Uses zlib's zstd, which Node has from 22.15 on, otherwise the JavaScript package. */
function unzstd(bytes: Buffer): Buffer {
  const own = (zlib as { zstdDecompressSync?: (data: Buffer) => Buffer }).zstdDecompressSync;
  return (
    own?.(bytes) ?? Buffer.from((require('fzstd') as { decompress: (data: Buffer) => Uint8Array }).decompress(bytes))
  );
}

/** Decompressors by the codec number in the batch's attributes. Native packages are loaded on first use. */
const codecs: Record<number, Decompress> = {
  1: (bytes) => Promise.resolve(gunzipSync(bytes)),
  2: unsnappy,
  3: async (bytes) =>
    Buffer.from(
      await (require('lz4-napi') as { decompressFrame: (data: Buffer) => Promise<Buffer> }).decompressFrame(bytes),
    ),
  4: (bytes) => Promise.resolve(unzstd(bytes)),
};

/** The records of a batch, decompressed if needed: the bytes, and the position of the first record in them. */
export async function recordsOf(bytes: Buffer, info: BatchInfo): Promise<{ bytes: Buffer; start: number }> {
  const codec = codecOf(info);
  const start = info.start + batchHeader;
  if (codec === 0) return { bytes, start };
  const decompress = codecs[codec];
  if (decompress === undefined) throw new CorruptBatch(`compression ${codec} does not exist`);
  return { bytes: await decompress(bytes.subarray(start, info.end)), start: 0 };
}
