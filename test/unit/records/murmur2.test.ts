import { expect, test } from 'vitest';
import { crc32c } from '../../../src/records/crc32c.ts';
import { murmur2, partitionOf } from '../../../src/records/murmur2.ts';

test("murmur2 gives what Kafka's own test vectors say", () => {
  const vectors: [string, number][] = [
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ];
  for (const [text, hash] of vectors) expect(murmur2(Buffer.from(text))).toBe(hash);
  expect(partitionOf(Buffer.from('foobar'), 7)).toBe((-790332482 & 0x7fffffff) % 7);
});

test('CRC-32C of the standard check text', () => {
  expect(crc32c(Buffer.from('123456789'), 0, 9)).toBe(0xe3069283);
});
