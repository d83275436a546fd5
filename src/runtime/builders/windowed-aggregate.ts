import { CumulateAggregate } from '../operators/cumulate-aggregate.ts';
import { PaneAggregate } from '../operators/pane-aggregate.ts';
import { SessionAggregate } from '../operators/session-aggregate.ts';
import { WindowedAggregate } from '../operators/windowed-aggregate.ts';
import { SlidingAggregate, type ArrivedHeaders, type ClosedRow } from '../operators/sliding-aggregate.ts';
import type { States } from '../aggregation.ts';
import type { TimelineNode } from '../timeline.ts';
import { aggregates } from './aggregates.ts';
import type { WindowEmission } from '../windows.ts';
import type { BuildContext, Builder } from './context.ts';
import { heldHeaders, windowed } from './stores.ts';

export const windowedAggregate: Builder<'windowedAggregate'> = (step, context) => {
  const { final, window } = step;
  const { conflate, onLate, rareCommits = false } = context;
  const withBefore = step.withBefore === true;
  const set = aggregates(step, context);
  const held = heldHeaders(step, context);
  const worthwhile = rareCommits || window.advanceMs < window.sizeMs;
  if (conflate && !final && !withBefore && worthwhile && PaneAggregate.suits(window, set))
    return new PaneAggregate(windowed(step, context, '', PaneAggregate.form), set, window, onLate);
  return new WindowedAggregate(windowed(step, context, ''), set, window, {
    final,
    conflate,
    withBefore,
    held: final ? held : undefined,
    onLate,
  });
};

/** Rows that say what they were before leave one by one. */
function emission(
  { final, withBefore = false }: { readonly final: boolean; readonly withBefore?: boolean },
  { conflate, onLate }: BuildContext,
): WindowEmission {
  return { final, conflate: conflate && !final && !withBefore, withBefore, onLate };
}

export const cumulateAggregate: Builder<'cumulateAggregate'> = (step, context) => {
  const held = heldHeaders(step, context);
  return new CumulateAggregate(windowed(step, context, ''), aggregates(step, context), step.window, {
    ...emission(step, context),
    held: step.final ? held : undefined,
  });
};

export const slidingAggregate: Builder<'slidingAggregate'> = (step, context) => {
  const stores = {
    panes: windowed<TimelineNode<States>>(step, context, 'panes'),
    deepPanes: windowed<TimelineNode<States>>(step, context, 'deep panes'),
    due: windowed<1>(step, context, 'due'),
    closed: windowed<TimelineNode<ClosedRow>>(step, context, 'closed'),
    deepClosed: windowed<TimelineNode<ClosedRow>>(step, context, 'deep closed'),
    headers: windowed<TimelineNode<ArrivedHeaders>>(step, context, 'headers'),
    deepHeaders: windowed<TimelineNode<ArrivedHeaders>>(step, context, 'deep headers'),
  };
  return new SlidingAggregate(
    stores,
    aggregates(step, context, { arrivals: true }),
    step.window,
    emission(step, context),
  );
};

export const sessionAggregate: Builder<'sessionAggregate'> = (step, context) => {
  const { final, window } = step;
  const held = heldHeaders(step, context);
  return new SessionAggregate(windowed(step, context, ''), aggregates(step, context, { arrivals: true }), window, {
    final,
    conflate: context.conflate,
    withBefore: step.withBefore === true,
    held: final ? held : undefined,
    onLate: context.onLate,
  });
};
