import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EmbeddedLog } from '../../../src/adapters/embedded/embedded-log.ts';
import { EmbeddedReader } from '../../../src/adapters/embedded/embedded-reader.ts';
import { MemoryBackend } from '../../../src/adapters/memory/memory-backend.ts';
import { batchesOf } from '../../../src/runtime/topic-records.ts';

/** Records of 1 kB, of which a segment holds about 16. */
function append(log: EmbeddedLog, count: number): void {
  for (let i = 0; i < count; i++) {
    const record = { key: null, value: 'x'.repeat(1000), timestamp: 7, partition: 0 };
    log.commit({ appends: batchesOf([record], 1).map((batch) => ({ topic: 's', ...batch })) });
  }
}
async function offsetsOf(log: EmbeddedLog): Promise<number[]> {
  const reader = new EmbeddedReader(log, 's', 1, 'beginning');
  const offsets: number[] = [];
  for (let records; (records = await reader.poll(10_000, 0)).length > 0;)
    offsets.push(...records.map(({ offset }) => offset));
  return offsets;
}
function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[Math.floor(at * bytes.length)]! ^= 1;
  writeFileSync(path, bytes);
}

test.each([
  { last: 0.01, before: 0.5 },
  { last: 0.5, before: 0.5 },
  { last: 0.01, before: undefined },
])(
  'what is appended after damage was given up is read ($last of the last segment, $before of the one before)',
  async (damage) => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-given-up-'));
    const backend = new MemoryBackend();
    const open = (): EmbeddedLog => new EmbeddedLog({ folder, backend, sync: false });
    const first = open();
    first.create('s', { partitions: 1, replicas: 1, config: { 'retention.bytes': '1000' } });
    append(first, 60);
    first.close();
    const segments = readdirSync(join(folder, 's', '0')).sort();
    expect(segments.length).toBeGreaterThan(3);
    flip(join(folder, 's', '0', segments.at(-1)!), damage.last);
    if (damage.before !== undefined) flip(join(folder, 's', '0', segments.at(-2)!), damage.before);
    const checked = open();
    checked.giveUpDamage('s', 0, () => undefined);
    const kept = await offsetsOf(checked);
    checked.close();
    const log = open();
    append(log, 3);
    log.close();
    const again = open();
    expect(again.partition('s', 0)!.verify()).toEqual([]);
    expect(await offsetsOf(again)).toEqual([...kept, 60, 61, 62]);
    again.close();
  },
);
