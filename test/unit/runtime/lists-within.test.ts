import { expect, test } from 'vitest';
import { batchesOf, listsWithin } from '../../../src/runtime/topic-records.ts';
import { Random } from '../../fuzz/random.ts';

test('lists are in order, have all records, and no batch of one is larger than a topic takes but for a single record', () => {
  const random = new Random(7);
  for (let run = 0; run < 200; run++) {
    const bytes = 200 + random.below(3000);
    const records = Array.from({ length: random.below(60) }, (_, i) => ({
      key: random.below(3) === 0 ? null : `k${random.below(5)}`,
      value: random.below(8) === 0 ? null : 'é'.repeat(random.below(400)),
      timestamp: i,
      partition: 0,
      headers: random.below(4) === 0 ? [{ key: 'h', value: Buffer.alloc(random.below(50)) }] : [],
    }));
    const lists = [...listsWithin(records, bytes)];
    expect(lists.flat()).toEqual(records);
    for (const list of lists) {
      expect(list.length).toBeGreaterThan(0);
      if (list.length > 1) expect(batchesOf(list, 1)[0]!.batch.length).toBeLessThanOrEqual(bytes);
    }
  }
});
