import { expect, test } from 'vitest';
import { Fetcher } from '../../../src/adapters/kafka/fetcher.ts';
import type { Wire } from '../../../src/adapters/kafka/wire.ts';
import type { FetchTarget } from '../../../src/runtime/ports/log.ts';

interface Asked {
  readonly topics: readonly string[];
  readonly waitMs: number;
  readonly beside: boolean;
}
function open(troubles: ReadonlySet<string> = new Set()): { readonly fetcher: Fetcher; readonly asked: Asked[] } {
  const asked: Asked[] = [];
  const wire = {
    fetch: (
      wants: readonly { topic: string; partition: number }[],
      waitMs: number,
      _bytes: number,
      beside: boolean,
    ) => {
      asked.push({ topics: wants.map(({ topic }) => topic), waitMs, beside });
      return Promise.resolve(
        wants.filter(({ topic }) => troubles.has(topic)).map((want) => ({ ...want, trouble: `${want.topic} is away` })),
      );
    },
  } as unknown as Wire;
  return { fetcher: new Fetcher(wire), asked };
}
const input = (topic: string, buffered = 0): FetchTarget =>
  ({ topic, partition: 0, fetched: 0, buffered }) as FetchTarget;

test('a fetch for all waits long at the broker, one that leaves inputs out does not', async () => {
  const { fetcher, asked } = open();
  await fetcher.fetch([input('a'), input('b')]);
  await fetcher.fetch([input('a'), input('b', 4 << 20)]);
  expect(asked).toEqual([
    { topics: ['a', 'b'], waitMs: 500, beside: false },
    { topics: ['a'], waitMs: 5, beside: false },
  ]);
});

test('inputs of tasks that have just begun are fetched over connections of their own, and tell why they cannot be read', async () => {
  const { fetcher, asked } = open(new Set(['old', 'new']));
  await fetcher.fetch([input('old')]);
  await fetcher.fetchNew([input('new')]);
  expect(asked[1]).toEqual({ topics: ['new'], waitMs: 50, beside: true });
  expect(fetcher.troubleOf([input('old')])).toBe('old is away');
  expect(fetcher.troubleOf([input('new')])).toBe('new is away');
});
