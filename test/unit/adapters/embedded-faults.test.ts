import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FaultyDisk, type Fault } from '../../support/faulty-disk.ts';
import { openEngine, type TestEngine } from '../../support/memory-node.ts';
import { runsOf } from '../../support/scale.ts';
import { numbersOf } from '../../support/topics.ts';
import { pulled } from '../../support/pulled.ts';

const queries = `CREATE STREAM s (k STRING KEY, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=2);
  CREATE STREAM c WITH (partitions=3) AS SELECT k, n FROM s;
  CREATE TABLE t AS SELECT k, COUNT(*) AS c, SUM(n) AS total FROM s GROUP BY k;`;
const rows = 24;

/** What the topics hold must be the acknowledged rows once, and what the queries make of what is there once. */
async function check(engine: TestEngine, acknowledged: readonly number[]): Promise<void> {
  await engine.settle();
  const source = await numbersOf(engine.engine.node, 's');
  expect(source).toEqual([...new Set(source)]);
  expect(acknowledged.filter((n) => !source.includes(n))).toEqual([]);
  expect(await numbersOf(engine.engine.node, 'C')).toEqual(source);
  const totals = (await pulled(engine.engine.node, 'CTAS_T_1')).map(({ after }) => after as [string, number, number]);
  expect(totals.reduce((sum, [, count]) => sum + count, 0)).toBe(source.length);
  expect(totals.reduce((sum, [, , total]) => sum + total, 0)).toBe(source.reduce((sum, n) => sum + n, 0));
}

/** Runs the workload on a disk that fails, then on the same folder with a good one; returns how many calls it made. */
async function trial(fault: Fault, from: number, length: number, sync: boolean): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-faults-'));
  const disk = new FaultyDisk(fault, from, length);
  const { files, openBackend } = disk;
  const engine = await openEngine(folder, {}, undefined, {
    files,
    openBackend,
    sync,
    pauses: { firstMs: 1, longestMs: 4 },
  });
  await engine.run(queries);
  disk.isArmed = true;
  const acknowledged: number[] = [];
  for (let n = 0; n < rows; n++) {
    try {
      await engine.run(`INSERT INTO s (k, n) VALUES ('k${n % 5}', ${n});`);
      acknowledged.push(n);
    } catch (error) {
      expect(String(error)).toMatch(/injected|cannot be written|opened again/);
    }
    if (n % 6 === 5) await engine.settle();
  }
  await check(engine, acknowledged);
  disk.isArmed = false;
  await engine.close();
  const again = await openEngine(folder);
  await check(again, acknowledged);
  await again.run("INSERT INTO s (k, n) VALUES ('k', 1000);");
  await check(again, [...acknowledged, 1000]);
  await again.close();
  rmSync(folder, { recursive: true });
  return disk.calls;
}

test.each([
  ['ENOSPC', 1, false],
  ['short', 1, false],
  ['late', 1, false],
  ['ENOSPC', 6, false],
  ['short', 9, true],
  ['EIO', 1, true],
  ['late', 1, true],
  ['late', 3, true],
] as const)(
  'whatever call of a commit fails (%s, %i calls, sync %s), acknowledged rows are there once, and so is what queries make of them',
  { timeout: 180_000 },
  async (fault, length, sync) => {
    const calls = await trial(fault, Infinity, length, sync);
    expect(calls).toBeGreaterThan(rows * 3);
    const stride = Math.max(1, Math.floor(calls / runsOf(14)));
    for (let from = 1 + (length % stride); from <= calls; from += stride) await trial(fault, from, length, sync);
  },
);
