import { expect, test } from 'vitest';
import { createTopic, produceAll, startMillrace, type MillraceProcess } from './support.ts';

interface Shown {
  readonly state: string;
  readonly checks: readonly { readonly constraint: string; readonly value: number; readonly state: string }[];
}
const shown = async (node: MillraceProcess): Promise<Shown> => {
  const [answer] = (await node.sql('SHOW MONITORS;')) as unknown as { readonly monitors: readonly Shown[] }[];
  return answer!.monitors[0]!;
};
const patience = { timeout: 240_000, interval: 300 };

test('a monitor that is paused shows what its checks said last, also after its node was started again', async () => {
  const service = `monitors${Date.now()}`;
  await createTopic(`${service}_rows`, 1);
  const events = (from: number, count: number): Promise<void> =>
    produceAll(
      `${service}_rows`,
      Array.from({ length: count }, (_, i) => ({ partition: 0, key: 'a', value: '{"N":1}', timestamp: from + i })),
    );
  const first = await startMillrace(service, { 'commit.interval.ms': '100' });
  await first.sql(`
    CREATE STREAM s (id STRING KEY, n INT) WITH (KAFKA_TOPIC='${service}_rows', VALUE_FORMAT='JSON');
    CREATE MONITOR m ON STREAM s WINDOW TUMBLING (SIZE 10 SECONDS) WITH (TICK='1 DAY', KAFKA_TOPIC='${service}_m')
      (CONSTRAINT volume CHECK (ROW_COUNT() >= 5), CONSTRAINT nulls CHECK (NULL_RATE(n) <= 0.5));`);
  await events(1000, 7);
  await events(11_000, 3);
  await events(21_000, 1);
  const told = [
    { constraint: 'VOLUME', value: 3, state: 'ALERT' },
    { constraint: 'NULLS', value: 0, state: 'OK' },
  ];
  await expect.poll(async () => (await shown(first)).checks, patience).toMatchObject(told);
  await first.sql('PAUSE MONITOR m;');
  await expect.poll(() => shown(first), patience).toMatchObject({ state: 'PAUSED', checks: told });
  await first.kill('SIGTERM');
  const second = await startMillrace(service, { 'commit.interval.ms': '100' });
  await expect.poll(() => shown(second), patience).toMatchObject({ state: 'PAUSED', checks: told });
  await second.sql('RESUME MONITOR m;');
  await events(31_000, 1);
  await expect
    .poll(() => shown(second), patience)
    .toMatchObject({ state: 'ALERT', checks: [{ constraint: 'VOLUME', value: 1 }, { constraint: 'NULLS' }] });
  await second.kill('SIGTERM');
});
