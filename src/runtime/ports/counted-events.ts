/** What is counted beside failures. */
export type CountedEvent = 'temporal_join_expired' | 'temporal_join_behind';
export type EventCounts = Readonly<Record<CountedEvent, number>>;
export const noEvents: EventCounts = { temporal_join_expired: 0, temporal_join_behind: 0 };
export const countedEvents = Object.keys(noEvents) as readonly CountedEvent[];
/** Counts with others added, as often as `times` says. */
export function addedEvents(counts: EventCounts, others: EventCounts, times = 1): EventCounts {
  const sum = { ...counts };
  for (const event of countedEvents) sum[event] += times * others[event];
  return sum;
}
