import type { Expr } from '../../../expressions/node.ts';
import type { MonitorSpec } from '../../../specs/monitor.ts';
import type { StepBase } from './base.ts';
import type { StepFacts } from './facts.ts';

/** Measures the rows of each window and segment, and tells which checks hold: a row for each check and window. */
export interface MonitorStep<Input> extends StepBase {
  readonly op: 'monitor';
  readonly input: Input;
  /** What shows the segment of a row; none where there is one segment. */
  readonly segments: readonly Expr[];
  /** The monitored columns. */
  readonly values: readonly Expr[];
  /** The time of an event. */
  readonly time: Expr;
  /** Of rows that bring a label, and only of those, its value and that of the score. */
  readonly label?: Expr | undefined;
  readonly score?: Expr | undefined;
  readonly spec: MonitorSpec<Expr>;
}

export const monitor = {
  version: 1,
  inputs: ['input'],
  state: { kind: 'ordered', parts: ['segments', 'panes'], layout: 1 },
  replace: { never: 'a monitor' },
  placement: 'input',
  ownsRows: true,
  rerunnable: false,
  anyOrder: false,
  conflates: false,
  before: 'never',
  expressions: ({ segments, values, time, label, score, spec }) => [
    ...segments,
    ...values,
    ...[time, label, score].filter((expr) => expr !== undefined),
    ...spec.checks.flatMap(({ conditions, low, high }) => [
      ...conditions.map(({ expr }) => expr),
      ...[low, high].filter((bound) => bound !== undefined),
    ]),
  ],
  functions: () => [],
} satisfies StepFacts<MonitorStep<StepBase<number>>>;
