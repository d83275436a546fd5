import { crc32c as checksum } from '@node-rs/crc32';

/** CRC-32C (Castagnoli) of `bytes[start, end)`, as an unsigned 32-bit number: the checksum of Kafka's record batches. */
export function crc32c(bytes: Buffer, start: number, end: number): number {
  return checksum(bytes.subarray(start, end)) >>> 0;
}
