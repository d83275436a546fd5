import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { randomNumbers } from '../../src/cli/payments.ts';
import { CountingRun } from './counting.ts';
import { VelocityRun } from './velocity.ts';
import { produceAll, startMillrace } from './support.ts';

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
