import type { Random } from '../fuzz/random.ts';
import { topicOf, type ColumnType, type Naming, type QueryModel } from './random-queries.ts';
import type { InputRecord } from './run-query.ts';

/** An event of a source; undefined values delete a table's row. */
export interface EventModel {
  readonly source: number;
  readonly key: number;
  readonly values: readonly (number | string | null)[] | undefined;
  readonly time: number;
}

/** Events of all sources in order of arrival. A last event per source, much later, closes windows. */
export function randomEvents(random: Random, { sources, select }: QueryModel, most: number): EventModel[] {
  // With OVER, late events are left out, because their results depend on when rows are emitted.
  const inOrder = select.some(({ kind }) => kind === 'over');
  const step = (): number => {
    if (inOrder) return random.below(5);
    return random.below(8) === 0 ? -random.below(16) : random.below(7) - 2;
  };
  let time = 50;
  const value = (type: ColumnType): number | string | null => {
    if (random.next() < 0.15) return null;
    return type === 'INT' ? random.below(4) : random.pick(['', 'a', 'b', 'a_b']);
  };
  const events = Array.from({ length: 1 + random.below(most) }, (): EventModel => {
    time = Math.max(0, time + step());
    const source = random.below(sources.length);
    const { kind, columns } = sources[source]!;
    const values = kind === 'TABLE' && random.next() < 0.2 ? undefined : columns.slice(1).map(value);
    return { source, key: random.below(4), values, time };
  });
  const last = sources.map(({ columns }, source): EventModel => ({
    source,
    key: 1000 + source,
    values: columns.slice(1).map((type) => (type === 'INT' ? 20 + source : 'end')),
    time: time + 1_000_000,
  }));
  return [...events, ...last];
}

/** The events as records of their topics. */
export const recordsOf = (events: readonly EventModel[], names: Naming): InputRecord[] =>
  events.map(({ source, key, values, time }) => ({
    topic: topicOf(source),
    key: JSON.stringify(key),
    value:
      values === undefined
        ? null
        : JSON.stringify(Object.fromEntries(values.map((value, i) => [names.column(source, i + 1), value]))),
    time,
  }));
