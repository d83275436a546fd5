import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FramePool, FrameReader } from '../../../src/adapters/kafka/frames.ts';

const framed = (body: Uint8Array): Buffer => {
  const head = Buffer.alloc(4);
  head.writeInt32BE(body.length);
  return Buffer.concat([head, body]);
};

test('frames come out whole and in order, wherever the pieces that were read end', () => {
  const bodies = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 });
  fc.assert(
    fc.property(bodies, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (sent, lengths) => {
      const frames: Buffer[] = [];
      const reader = new FrameReader(new FramePool(), (frame) => frames.push(Buffer.from(frame)));
      const stream = Buffer.concat(sent.map(framed));
      for (let at = 0, i = 0; at < stream.length; i++) {
        const length = lengths[i % lengths.length]!;
        reader.take(stream.subarray(at, at + length));
        at += length;
      }
      expect(frames).toEqual(sent.map(framed));
    }),
    { seed: 31 },
  );
});

test('memory that was released is used again, memory that is held is not', () => {
  const pool = new FramePool();
  const held = pool.take(100_000);
  const first = pool.take(100_000);
  pool.release(first);
  const second = pool.take(90_000);
  expect(second.buffer).toBe(first.buffer);
  expect(second.buffer).not.toBe(held.buffer);
  pool.release(second);
  pool.release(second);
  expect(pool.take(90_000).buffer).toBe(second.buffer);
  expect(pool.take(90_000).buffer).not.toBe(second.buffer);
});
