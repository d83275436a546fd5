import type { KeyWindow } from './source.ts';

/**
 * What decides which of two rows of an entity counts: the later feature time, or the later place in the topic.
 *
 * - `time`: rows of a stream, and of a table's windows, stand beside each other. A row that comes late takes nothing back; of equal times
 *   the later row counts, of windows that end together the one that starts first.
 * - `offset`: a table's change is instead of the row before it, also where its feature time is an earlier one (MIN of a late event's
 *   time, LATEST_BY_OFFSET): what a table has is the last change of its topic, which is all that compaction leaves. As of a time it is
 *   the last one of the changes whose feature times are not later, deletions among them, whose time is that of their record.
 */
export type RowOrder = 'time' | 'offset';

/** How the rows of a source that serves entities are ordered: in state and stores, files, training sets and joins as of a time. */
export const rowOrder = ({
  kind,
  window,
}: {
  readonly kind: 'STREAM' | 'TABLE';
  readonly window: unknown;
}): RowOrder => (kind === 'TABLE' && window === undefined ? 'offset' : 'time');

/**
 * How the history of what is joined as of a time is ordered. A table that is no feature view is versioned by the times of its records:
 * a change that comes late is a correction of its own time.
 */
export const versionOrder = ({ spec, featureView }: Versioned): RowOrder =>
  featureView === undefined ? 'time' : rowOrder(spec);

interface Versioned {
  readonly spec: { readonly kind: 'STREAM' | 'TABLE'; readonly window: KeyWindow | undefined };
  readonly featureView: unknown;
}
