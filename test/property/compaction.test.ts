import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { EmbeddedLog } from '../../src/adapters/embedded/embedded-log.ts';
import { EmbeddedReader } from '../../src/adapters/embedded/embedded-reader.ts';
import { LogCleaner } from '../../src/adapters/embedded/log-cleaner.ts';
import { logDefaults } from '../../src/adapters/embedded/log-entries.ts';
import type { LogFiles } from '../../src/adapters/embedded/log-files.ts';
import { MemoryBackend } from '../../src/adapters/memory/memory-backend.ts';
import type { TopicRecord } from '../../src/runtime/ports/node.ts';
import { batchesOf } from '../../src/runtime/topic-records.ts';
import { FaultyDisk, type Fault } from '../support/faulty-disk.ts';
import { runsOf, seedOf } from '../support/scale.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

const topic = 't';
const deleteRetentionMs = 1000;

interface Written {
  readonly key: string | null;
  readonly value: string | null;
}
type Step =
  | { readonly kind: 'append'; readonly records: readonly Written[] }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'clean'; readonly needed: number }
  /** The disk fails from a call of the compaction on: for good, as of a process that is killed, or for one call. */
  | { readonly kind: 'fail'; readonly fault: Fault; readonly call: number; readonly isKilled: boolean }
  | { readonly kind: 'restart' };

/** One compacted partition and what was appended to it. */
class Trial {
  readonly #folder = mkdtempSync(join(tmpdir(), 'millrace-compaction-'));
  readonly #backend = new MemoryBackend();
  readonly #settings: typeof logDefaults;
  readonly #appended: (Written & { readonly timestamp: number })[] = [];
  readonly #said: string[] = [];
  #log!: EmbeddedLog;

  constructor(segmentBytes: number, bufferBytes: number) {
    this.#settings = { ...logDefaults, segmentBytes, bufferBytes, minRatio: 0.2, deleteRetentionMs };
    this.open();
    this.#log.create(topic, { partitions: 1, replicas: 1, config: { 'cleanup.policy': 'compact' } });
  }
  open(files?: LogFiles): void {
    this.#log = new EmbeddedLog({
      folder: this.#folder,
      backend: this.#backend,
      sync: false,
      settings: this.#settings,
      files,
    });
    expect(this.#log.damages).toEqual([]);
  }
  get partition(): NonNullable<ReturnType<EmbeddedLog['partition']>> {
    return this.#log.partition(topic, 0)!;
  }

  append(records: readonly Written[]): void {
    const given = records.map((record, i) => ({ ...record, timestamp: Date.now() - 7 * i, partition: 0 }));
    const headers = [{ key: 'h', value: Buffer.from('v') }];
    const produced = given.map((record, i) => (i % 3 === 2 ? { ...record, headers } : record));
    this.#log.commit({ appends: batchesOf(produced, 1).map((batch) => ({ topic, ...batch })) });
    this.#appended.push(...given);
  }

  async clean(needed = Infinity, files = new FaultyDisk('EIO', Infinity, 0).files): Promise<void> {
    const cleaner = new LogCleaner({
      log: this.#log,
      files,
      settings: this.#settings,
      neededFrom: () => Promise.resolve(needed),
      say: (text) => this.#said.push(text),
    });
    await cleaner.round();
    await cleaner.close();
  }
  /** A process that is killed can do nothing more; one whose disk fails goes on. */
  async fail({ fault, call, isKilled }: Extract<Step, { kind: 'fail' }>): Promise<void> {
    const disk = new FaultyDisk(fault, call, isKilled ? Infinity : 1);
    const backend = this.#backend;
    const files = disk.files;
    this.#log.close();
    const settings = this.#settings;
    this.#log = new EmbeddedLog({ folder: this.#folder, backend, sync: false, settings, files });
    disk.isArmed = true;
    await this.clean(Infinity, files);
    disk.isArmed = false;
    if (isKilled) this.restart();
  }
  restart(): void {
    this.#log.close();
    this.open();
    const files = readdirSync(join(this.#folder, topic, '0'));
    expect(files.length).toBe(this.partition.sealed.length + (this.partition.end.bytes > 0 ? 1 : 0));
  }

  async #read(from?: number): Promise<TopicRecord[]> {
    const reader = new EmbeddedReader(this.#log, topic, 1, 'beginning');
    if (from !== undefined) reader.positions[0] = from;
    const records: TopicRecord[] = [];
    for (let guard = 0; !reader.caughtUp; guard++) {
      expect(guard).toBeLessThan(10_000);
      records.push(...(await reader.poll(13, 0)));
    }
    return records;
  }
  /** Everything that must hold at any time. */
  async check(): Promise<TopicRecord[]> {
    const appended = this.#appended;
    const records = await this.#read();
    const table = (of: Iterable<Written>): Map<string, string> => {
      const rows = new Map<string, string>();
      for (const { key, value } of of)
        if (key !== null && value !== null) rows.set(key, value);
        else if (key !== null) rows.delete(key);
      return rows;
    };
    const texts = records.map(({ key, value }) => ({ key: key?.toString() ?? null, value: value?.toString() ?? null }));
    expect(table(texts)).toEqual(table(appended));
    expect([this.partition.start, this.partition.committed]).toEqual([0, appended.length]);
    // What stays is what was appended, at its offset.
    records.forEach(({ offset, timestamp, headers }, i) => {
      const { key, value, timestamp: time } = appended[offset]!;
      expect([texts[i], timestamp, offset > (records[i - 1]?.offset ?? -1)]).toEqual([{ key, value }, time, true]);
      expect(headers.length).toBeLessThan(2);
    });
    // Beyond what was compacted, and without a key, everything stays; of what was, no key is there twice.
    const clean = Math.max(0, ...this.partition.sealed.map(({ next, isClean }) => (isClean ? next : 0)));
    const offsets = new Set(records.map(({ offset }) => offset));
    appended.forEach(({ key }, offset) => {
      if (key === null || offset >= clean) expect(offsets.has(offset)).toBe(true);
    });
    const kept = texts.filter(({ key }, i) => key !== null && records[i]!.offset < clean).map(({ key }) => key);
    expect(kept.length).toBe(new Set(kept).size);
    for (const from of [0, 0.3, 0.7, 0.95].map((part) => Math.floor(part * appended.length)))
      expect((await this.#read(from)).map(({ offset }) => offset)).toEqual(
        [...offsets].filter((offset) => offset >= from),
      );
    expect(this.partition.verify()).toEqual([]);
    return records;
  }
  close(): void {
    this.#log.close();
    rmSync(this.#folder, { recursive: true });
  }
}

const written = fc.record({
  key: fc.option(
    fc.integer({ min: 0, max: 11 }).map((n) => `k${n}`),
    { freq: 20 },
  ),
  value: fc.option(fc.string({ maxLength: 30 }), { freq: 4 }),
});
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('append' as const),
        records: fc.array(written, { minLength: 1, maxLength: 12 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('clean' as const),
        needed: fc.oneof(fc.constant(Infinity), fc.nat(60)),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(2 * deleteRetentionMs) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('fail' as const),
        fault: fc.constantFrom('ENOSPC', 'EIO', 'short', 'late'),
        call: fc.integer({ min: 1, max: 12 }),
        isKilled: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  ),
  { minLength: 4, maxLength: 24 },
);

test(
  'whatever is appended, compacted, killed and read, the table is the same and what stays is at its offset',
  { timeout: 120_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(
        steps,
        fc.constantFrom(60, 300, 900),
        fc.constantFrom(24, 400, 1 << 14),
        async (all, segment, buffer) => {
          const trial = new Trial(segment, buffer);
          try {
            for (const step of all) {
              if (step.kind === 'append') trial.append(step.records);
              else if (step.kind === 'pass') vi.setSystemTime(Date.now() + step.ms);
              else if (step.kind === 'clean') await trial.clean(step.needed);
              else if (step.kind === 'fail') await trial.fail(step);
              else trial.restart();
              await trial.check();
            }
            trial.restart();
            await trial.check();
          } finally {
            trial.close();
          }
        },
      ),
      { numRuns: runsOf(40), seed: seedOf(1) },
    );
  },
);
