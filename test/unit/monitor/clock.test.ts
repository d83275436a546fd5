import { expect, test } from 'vitest';
import { MemoryBackend } from '../../../src/adapters/memory/memory-backend.ts';
import { DOUBLE, type Row } from '../../../src/types/sql-type.ts';
import { slotColumn, type Expr } from '../../../src/expressions/node.ts';
import { compileExpression } from '../../../src/expressions/compile.ts';
import { batchOf, rowsOf, type Batch } from '../../../src/runtime/batch.ts';
import { Change } from '../../../src/runtime/change.ts';
import { Monitor } from '../../../src/runtime/operators/monitor.ts';
import type { PaneState, SegmentState } from '../../../src/runtime/monitor/state.ts';
import { KeyValueStore } from '../../../src/runtime/stores/key-value-store.ts';
import { WindowStore } from '../../../src/runtime/stores/window-store.ts';
import type { MonitorMetric, MonitorSpec } from '../../../src/specs/monitor.ts';

const metric = (fn: string): MonitorMetric => ({
  fn,
  text: `${fn}()`,
  column: undefined,
  argument: undefined,
  previous: undefined,
});
/** metric op bound */
const compare = (slot: number, op: '>' | '<=', bound: number): Expr => ({
  kind: 'compare',
  op,
  left: slotColumn(slot, 'M', DOUBLE),
  right: { kind: 'literal', type: DOUBLE, value: bound } as Expr,
  type: { kind: 'BOOLEAN' },
});
const check = (name: string, expr: Expr, slot: number): MonitorSpec<Expr>['checks'][number] => ({
  name,
  severity: 'ERROR',
  windows: 1,
  metric: slot,
  conditions: [{ expr, metrics: [slot] }],
  low: undefined,
  high: undefined,
});
const spec: MonitorSpec<Expr> = {
  name: 'M',
  target: 'STREAM S',
  window: { sizeMs: 1000, advanceMs: 1000, graceMs: 0 },
  columns: [],
  metrics: [metric('ROW_COUNT'), metric('FRESHNESS')],
  checks: [check('volume', compare(0, '>', 0), 0), check('fresh', compare(1, '<=', 5), 1)],
  baselineId: null,
  previousWindows: undefined,
  baselineSegment: undefined,
  onlySegment: undefined,
  bins: 10,
  minRows: 1,
  labelWithinMs: undefined,
  tickMs: 1000,
  schema: undefined,
  schemaChange: undefined,
};

let now = 100_000;
function open(isFirst = true): Monitor {
  const backend = new MemoryBackend();
  const location = (part: string) => ({ backend, prefix: Buffer.from(part) });
  const layout = { name: 'monitor', version: 1 };
  return new Monitor(
    {
      segments: new KeyValueStore<SegmentState>(location('s'), layout),
      panes: new WindowStore<PaneState>(location('p'), layout),
    },
    {
      spec,
      segments: undefined,
      segmentText: () => '',
      values: { slots: [], scales: [] },
      time: (row) => row[0]!,
      label: undefined,
      score: undefined,
      labelScale: 1,
      scoreScale: 1,
      checks: spec.checks.map(({ conditions }) => ({
        conditions: conditions.map(({ expr }) => compileExpression(expr, () => undefined)),
        low: undefined,
        high: undefined,
      })),
      position: { sequence: 0 },
      onLate: () => undefined,
      isFirst,
      now: () => now,
    },
  );
}
const row = (at: number): Batch => batchOf([new Change([''], undefined, [at], at, 0)]);
/** Window, check and state of each row. */
const told = (batch: Batch): string[] =>
  rowsOf(batch).map(({ after }) => {
    const [, , , start, , name, , , value, , , , , , state] = after as Row;
    return `${String(start)} ${String(name)} ${String(value)} ${String(state)}`;
  });

test('in silence windows are told of by the clock, and freshness when its state changes', () => {
  now = 100_000;
  const monitor = open();
  expect(told(monitor.process([row(99_500)]))).toEqual([]);
  expect(told(monitor.tick())).toEqual(['99000 volume 1 OK', '99000 fresh 0.5 OK']);
  now = 102_000;
  expect(told(monitor.tick())).toEqual([
    '100000 volume 0 ALERT',
    '100000 fresh 2.5 OK',
    '101000 volume 0 ALERT',
    '101000 fresh 2.5 OK',
  ]);
  expect(told(monitor.tick())).toEqual([]);
  now = 105_600;
  expect(
    told(monitor.tick())
      .filter((line) => line.includes('fresh'))
      .at(-1),
  ).toBe('104000 fresh 6.1 ALERT');
});

test('a row that comes after the clock has told of its window counts, and the window is told of again', () => {
  now = 100_000;
  const monitor = open();
  monitor.process([row(98_500)]);
  expect(told(monitor.tick()).filter((line) => line.includes('volume'))).toEqual([
    '98000 volume 1 OK',
    '99000 volume 0 ALERT',
  ]);
  monitor.process([row(99_400)]);
  now = 101_000;
  const next = told(monitor.process([row(100_100)])).filter((line) => line.includes('volume'));
  expect(next).toEqual(['99000 volume 1 OK']);
});

test('a target that never had a row is missed from the next window on, by one partition only', () => {
  now = 100_000;
  const monitor = open();
  expect(told(monitor.tick())).toEqual([]);
  now = 101_000;
  expect(told(monitor.tick())).toEqual(['100000 volume 0 ALERT', '100000 fresh null INSUFFICIENT_DATA']);
  const other = open(false);
  other.tick();
  now = 110_000;
  expect(told(other.tick())).toEqual([]);
});

test('rows from long ago are judged by their own time, and a gap tells of its newest hundred windows', () => {
  now = 1_000_000_000;
  const monitor = open();
  monitor.process([row(500)]);
  const lines = told(monitor.process([row(10_000_500)])).filter((line) => line.includes('volume'));
  expect(lines.length).toBe(101);
  expect(lines[0]).toBe('0 volume 1 OK');
  expect(lines.at(-1)).toBe('9999000 volume 0 ALERT');
});
