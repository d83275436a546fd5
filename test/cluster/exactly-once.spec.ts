import { expect, test } from 'vitest';
import { randomNumbers } from '../../src/cli/payments.ts';
import { CountingRun } from './counting.ts';
import { PatternRun } from './patterns.ts';
import { VelocityRun } from './velocity.ts';
import { groupOffset, produceAll, startMillrace } from './support.ts';

const events = Number(process.env['MILLRACE_KILL_EVENTS'] ?? 200_000);
const runs = Number(process.env['MILLRACE_KILL_RUNS'] ?? 1);

const kinds = { counts: CountingRun, velocity: VelocityRun, patterns: PatternRun };
const cases = Object.entries(kinds).flatMap(([kind, Run]) =>
  Array.from({ length: runs }, (_, run) => [kind, run, Run] as const),
);

test.each(cases)(
  'kill -9 of one of two nodes loses nothing and counts nothing twice (%s, run %i)',
  async (kind, run, Run) => {
    const random = randomNumbers(run + 1);
    const numbered = new Run(`${Date.now()}${run}`, events, random);
    await numbered.createTopic();
    const settings = {
      'processing.guarantee': 'exactly_once_v2',
      'commit.interval.ms': '100',
      'ksql.streams.num.stream.threads': '1',
    };
    const first = await startMillrace(numbered.service, settings);
    const second = await startMillrace(numbered.service, settings);
    await first.sql(numbered.statements);
    // The second node learns of the queries from the command topic.
    await second.sql('SHOW QUERIES;');
    const killAt = Math.floor(events * (0.2 + 0.6 * random()));
    const producing = (async () => {
      for (let i = 0; i < events; i += 10_000) {
        await produceAll(numbered.topic, numbered.events.slice(i, i + 10_000));
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    })();
    let at = 0;
    // On a busy machine the second node joins late.
    while (
      (at = await groupOffset(numbered.paced, numbered.topic)) < killAt ||
      (await second.metric('millrace_tasks')) === 0
    )
      await new Promise((resolve) => setTimeout(resolve, 50));
    const tasks = await first.metric('millrace_tasks');
    await second.kill('SIGKILL');
    await producing;
    const result = await numbered.verify();
    const moved = (await first.metric('millrace_tasks')) - tasks;
    const restored = await first.metric('millrace_restored_records');
    console.log(
      `${kind}, run ${run}: killed at ${at} of ${events}, ${moved} tasks moved, ${restored} records restored; ${result}`,
    );
    expect(moved).toBeGreaterThan(0);
    expect(restored).toBeGreaterThan(0);
    await first.kill('SIGTERM');
  },
);
