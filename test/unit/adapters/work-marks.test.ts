import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DeadlyWork, WorkMarks } from '../../../src/adapters/rocksdb/work-marks.ts';

/** What a process was at work on when it ended: its position, and that of its last commit; undefined at no work. */
type End = readonly [position: number, committed: number] | undefined;

/** What the process after these ones makes of the query. */
function after(ends: readonly End[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-marks-'));
  for (const end of ends) {
    new DeadlyWork(folder);
    const marks = new WorkMarks(folder, 'main');
    marks.begin('q', 0, 0);
    marks.end('q');
    if (end !== undefined) marks.begin('q', ...end);
  }
  const deadly = new DeadlyWork(folder);
  return deadly.has('q') ? 'stands' : deadly.attempt('q') === undefined ? 'begins' : 'begins with care';
}

test.each<readonly [string, readonly End[], string]>([
  ['at no work', [undefined], 'begins'],
  ['at work', [[9, 5]], 'begins with care'],
  [
    'twice in the first step',
    [
      [5, 5],
      [5, 5],
    ],
    'stands',
  ],
  [
    'within what the next one took first, and then there',
    [
      [60, 5],
      [5, 5],
    ],
    'stands',
  ],
  [
    'further on than what the next one took first',
    [
      [500, 5],
      [5, 5],
    ],
    'begins with care',
  ],
  [
    'behind its first step',
    [
      [5, 5],
      [9, 5],
    ],
    'begins with care',
  ],
  [
    'after another commit',
    [
      [5, 5],
      [6, 6],
    ],
    'begins with care',
  ],
  ['at no work between', [[5, 5], undefined, [5, 5]], 'begins with care'],
  ['at no work since', [[5, 5], undefined], 'begins'],
  ['twice in the first step, and then before it', [[5, 5], [5, 5], undefined], 'stands'],
] as const)('a process that ended %s', (_, ends, expected) => {
  expect(after(ends)).toBe(expected);
});

test('a thread that ends counts as a process does, and its successor begins with care', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-marks-'));
  const deadly = new DeadlyWork(folder);
  const ends = (position: number): void => {
    const marks = new WorkMarks(folder, 'worker-0');
    marks.begin('bystander', 0, 0);
    marks.end('bystander');
    marks.begin('q', position, 5);
    deadly.threadEnded('worker-0');
  };
  deadly.threadEnded('worker-0');
  expect([deadly.has('q'), deadly.attempt('q')]).toEqual([false, undefined]);
  ends(60);
  expect([deadly.has('q'), deadly.attempt('q') === undefined]).toEqual([false, false]);
  ends(5);
  expect([deadly.has('q'), deadly.has('bystander')]).toEqual([true, false]);
  expect(new DeadlyWork(folder).has('q')).toBe(true);
  deadly.forget('q');
  expect(deadly.has('q')).toBe(false);
});
