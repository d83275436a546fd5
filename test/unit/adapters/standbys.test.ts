import { expect, test } from 'vitest';
import type { ClusterReads } from '../../../src/adapters/kafka/cluster-reads.ts';
import type { RunningQuery } from '../../../src/adapters/kafka/running-query.ts';
import { Standbys } from '../../../src/adapters/kafka/standbys.ts';
import type { TaskPool } from '../../../src/adapters/kafka/task-pool.ts';

const settings = { 'ksql.streams.num.standby.replicas': '1', 'ksql.service.id': 's_' };
const query = {
  query: { id: 'Q', plan: {}, properties: {} },
  groupId: 'g',
  topics: ['t'],
  layout: { parts: [{ index: 0, hasState: true }] },
  partitions: [0],
  group: { standbys: [] },
} as unknown as RunningQuery;

function standbysWith(numbers: () => readonly number[] | undefined): { standbys: Standbys; calls: string[] } {
  const calls: string[] = [];
  const pool = {
    startStandby: ({ id }: { id: string }) => calls.push(`start ${id}`),
    stopStandby: (id: string) => Promise.resolve(void calls.push(`stop ${id}`)),
  } as unknown as TaskPool;
  const reads = { standbysOf: () => Promise.resolve(numbers()) } as unknown as ClusterReads;
  return { standbys: new Standbys(settings, pool, reads), calls };
}

test('a node keeps what its assignment says, and stops what it runs itself or keeps no more', async () => {
  let numbers: readonly number[] = [1, 2];
  const { standbys, calls } = standbysWith(() => numbers);
  await standbys.assigned(query, () => true);
  expect(calls.splice(0)).toEqual(['start g/0_1', 'start g/0_2']);
  expect(standbys.count(query)).toBe(2);
  await standbys.release(query, [1]);
  numbers = [3];
  await standbys.assigned(query, () => true);
  expect(calls.splice(0)).toEqual(['stop g/0_1', 'stop g/0_2', 'start g/0_3']);
  await standbys.stop(query);
  expect(calls).toEqual(['stop g/0_3']);
  expect(standbys.count(query)).toBe(0);
});

test('a query that has ended, or has another assignment, is waited for no longer', async () => {
  const { standbys, calls } = standbysWith(() => undefined);
  const ending = { ...query, hasEnded: false };
  const ended = standbys.assigned(ending, () => true);
  ending.hasEnded = true;
  await standbys.stop(ending);
  await ended;
  await standbysWith(() => undefined).standbys.assigned(query, () => false);
  await standbysWith(() => [1]).standbys.assigned(query, () => false);
  expect(calls).toEqual([]);
});
