import { PaneAggregate } from '../operators/pane-aggregate.ts';
import { SessionAggregate } from '../operators/session-aggregate.ts';
import { WindowedAggregate } from '../operators/windowed-aggregate.ts';
import { aggregates } from './aggregates.ts';
import type { Builder } from './context.ts';
import { windowed } from './stores.ts';

export const windowedAggregate: Builder<'windowedAggregate'> = (step, context) => {
  const { final, window } = step;
  const { conflate, onLate, rareCommits = false } = context;
  const withBefore = step.withBefore === true;
  const set = aggregates(step.aggregates, context);
  const worthwhile = rareCommits || window.advanceMs < window.sizeMs;
  if (conflate && !final && !withBefore && worthwhile && PaneAggregate.suits(window, set))
    return new PaneAggregate(windowed(step, context, '', PaneAggregate.form), set, window, onLate);
  return new WindowedAggregate(windowed(step, context, ''), set, window, { final, conflate, withBefore, onLate });
};

export const sessionAggregate: Builder<'sessionAggregate'> = (step, context) => {
  const { final, window } = step;
  return new SessionAggregate(windowed(step, context, ''), aggregates(step.aggregates, context), window, {
    final,
    withBefore: step.withBefore === true,
    onLate: context.onLate,
  });
};
