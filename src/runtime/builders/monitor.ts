import { compileExpression } from '../../expressions/compile.ts';
import type { Expr } from '../../expressions/node.ts';
import { castBetween } from '../../types/casts.ts';
import { STRING, type Row, type SqlType, type Value } from '../../types/sql-type.ts';
import type { PaneState, SegmentState } from '../monitor/state.ts';
import { InternalError } from '../../util/internal-error.ts';
import { Monitor } from '../operators/monitor.ts';
import { keyPlacer } from '../key-placer.ts';
import type { Builder } from './context.ts';
import { projection } from './expressions.ts';
import { keyValue, windowed } from './stores.ts';

export const monitor: Builder<'monitor'> = (step, context) => {
  const { spec, segments, values, time, label, score } = step;
  const { place } = context;
  const compile = (expr: Expr, what: string): ((row: Row) => Value) =>
    compileExpression(expr, (error) => context.report(error, what));
  const texts = segments.map(({ type }) => textOf(type));
  return new Monitor(
    {
      segments: keyValue<SegmentState>(step, context, 'segments'),
      panes: windowed<PaneState>(step, context, 'panes'),
    },
    {
      spec,
      values: {
        slots: values.map(slotOf),
        scales: values.map(({ type }) => (type.kind === 'DECIMAL' ? 10 ** type.scale : 1)),
      },
      time: compile(time, 'the time of an event'),
      segments: segments.length === 0 ? undefined : projection(segments, context),
      segmentText: (segment) => segment.map((value, i) => texts[i]!(value)).join(', '),
      label: label && compile(label, 'the label'),
      score: score && compile(score, 'the score'),
      scoreScale: score?.type.kind === 'DECIMAL' ? 10 ** score.type.scale : 1,
      labelScale: label?.type.kind === 'DECIMAL' ? 10 ** label.type.scale : 1,
      checks: spec.checks.map(({ name, conditions, low, high }) => ({
        conditions: conditions.map(({ expr }) => compile(expr, `check ${name}`)),
        low: low && compile(low, `the bound of ${name}`),
        high: high && compile(high, `the bound of ${name}`),
      })),
      position: context.position,
      onLate: context.onLate,
      isFirst: place === undefined || place.partition === placeOf([''], place.partitions),
    },
  );
};

/** Where the rows of a monitor without segments come. */
const placeOf = keyPlacer(undefined);

/** Monitored columns are columns of the input, and no expressions over them. */
function slotOf(value: Expr): number {
  if (value.kind !== 'column') throw new InternalError(`a monitor measures columns, and no ${value.kind}`);
  return value.slot;
}

/** A value of a segment as text. */
function textOf(type: SqlType): (value: Value) => string {
  if (type.kind === 'STRING') return String;
  const cast = castBetween(type, STRING);
  return (value) => (value === null || cast === undefined ? String(value) : String(cast(value)));
}
