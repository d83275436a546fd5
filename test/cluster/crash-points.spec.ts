import { mkdtempSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { randomNumbers } from '../../src/cli/payments.ts';
import { CountingRun } from './counting.ts';
import { VelocityRun } from './velocity.ts';
import { produceAll, startMillrace, until, untilRead } from './support.ts';

// Each is a place between two steps of a commit: outputs and changelog sent, the transaction ended, the local state written.
const cases = ['begun', 'sent', 'ended', 'stored'].flatMap((step) => [
  [step, 'counts', CountingRun] as const,
  [step, 'velocity', VelocityRun] as const,
]);
test.each(cases)('a node that dies when a commit has just %s goes on exactly there (%s)', async (step, _kind, Run) => {
  const numbered = new Run(`${step}${Date.now()}`, 40_000, randomNumbers(11));
  await numbered.createTopic();
  const folder = mkdtempSync(join(tmpdir(), 'millrace-crash-'));
  const settings = { 'processing.guarantee': 'exactly_once_v2', 'commit.interval.ms': '100' };
  const crashing = await startMillrace(numbered.service, settings, folder, `${step}:3`);
  const died = new Promise((resolve) => crashing.child.once('exit', (_, signal) => resolve(signal)));
  // Nothing is committed before there is something to read: the crash comes once both queries exist.
  await crashing.sql(numbered.statements);
  await produceAll(numbered.topic, numbered.events);
  expect(await died).toBe('SIGKILL');
  const again = await startMillrace(numbered.service, settings, folder);
  await numbered.verify();
  await again.kill('SIGTERM');
});

// Its process is stopped for longer than its session, so that another node takes its tasks over and commits behind its back.
const stops = [
  ['sent', 'velocity', VelocityRun],
  ['ended', 'velocity', VelocityRun],
  ['ended', 'counts', CountingRun],
] as const;
test.each(stops)(
  'a node that freezes when a commit has just %s gets its tasks back with what others committed meanwhile (%s)',
  async (step, _kind, Run) => {
    const numbered = new Run(`frozen${step}${Date.now()}`, 30_000, randomNumbers(12));
    await numbered.createTopic();
    const settings = {
      'processing.guarantee': 'exactly_once_v2',
      'commit.interval.ms': '100',
      'session.timeout.ms': '1500',
      // Each thread would stop the process once.
      'ksql.streams.num.stream.threads': '1',
    };
    const folder = mkdtempSync(join(tmpdir(), 'millrace-frozen-'));
    const freezing = await startMillrace(numbered.service, settings, folder, `${step}:3:SIGSTOP`);
    await freezing.sql(numbered.statements);
    const [first, second, third] = [0, 1, 2].map((i) => numbered.events.slice(i * 10_000, (i + 1) * 10_000));
    await produceAll(numbered.topic, first!);
    const state = (): Promise<string> =>
      Promise.resolve(/\) (\w)/.exec(readFileSync(`/proc/${freezing.child.pid!}/stat`, 'utf8'))![1]!);
    expect(await until(state, (now) => now === 'T')).toBe('T');
    const other = await startMillrace(numbered.service, settings);
    await produceAll(numbered.topic, second!);
    await untilRead(numbered.paced, numbered.topic, 20_000);
    freezing.child.kill('SIGCONT');
    // Until it has seen that its membership is over.
    await sleep(3000);
    await other.kill('SIGKILL');
    await produceAll(numbered.topic, third!);
    await numbered.verify();
    await freezing.kill('SIGTERM');
  },
);
