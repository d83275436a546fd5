import { expect, test } from 'vitest';
import { MemoryBackend } from '../../../src/adapters/memory/memory-backend.ts';
import { ignoreFailures } from '../../../src/runtime/failures.ts';
import { noConflation } from '../../../src/runtime/run-settings.ts';
import { LocalTopology } from '../../../src/runtime/topology.ts';
import { sourcesOf } from '../../../src/plan/physical/topology.ts';
import { openHarness } from '../../conformance/run-case.ts';
import { Session } from '../../../src/engine/session.ts';
import { executeScript } from '../../../src/statements/index.ts';
import { Change } from '../../../src/runtime/change.ts';

const events = 5000;
const perCommit = 25;
const day = "RANGE BETWEEN INTERVAL '24' HOURS PRECEDING AND CURRENT ROW";
const calls = [
  `COUNT(*) OVER (PARTITION BY u ORDER BY ROWTIME ${day})`,
  `SUM(x) OVER (PARTITION BY u ORDER BY ROWTIME RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW)`,
  `MAX(x) OVER (PARTITION BY u ORDER BY ROWTIME ${day})`,
  `COUNT_DISTINCT(s) OVER (PARTITION BY u ORDER BY ROWTIME ${day})`,
  `SUM(x) OVER (PARTITION BY u ORDER BY ROWTIME ROWS BETWEEN 3000 PRECEDING AND CURRENT ROW)`,
  `AVG(x) OVER (PARTITION BY u ORDER BY ROWTIME)`,
  `LAG(s) OVER (PARTITION BY u ORDER BY ROWTIME)`,
];

/** Runs a call over the events of one key, some of them late; gives the bytes that each fifth of them put, and the largest entry. */
async function stateOf(call: string): Promise<{ readonly bytes: number[]; readonly largest: number }> {
  const { node, engine } = openHarness('growth_');
  await node.createTopic('s', { partitions: 1, replicas: 1, config: {} });
  const script = `CREATE STREAM s (u STRING KEY, x DOUBLE, s STRING) WITH (kafka_topic='s', value_format='JSON');
    CREATE STREAM o AS SELECT u, ${call} AS v FROM s EMIT CHANGES;`;
  await executeScript({ name: 'growth', text: script }, engine, new Session(engine.defaults));
  const { plan } = [...engine.catalog.queries.values()].at(-1)!;
  const backend = new MemoryBackend();
  const topology = new LocalTopology(plan, {
    backend,
    statePrefix: 'q',
    partitions: 1,
    settings: noConflation,
    models: undefined,
    failures: ignoreFailures,
  });
  const [source] = sourcesOf(plan);
  const bytes = [0, 0, 0, 0, 0];
  let largest = 0;
  for (let i = 0; i < events; i += perCommit) {
    const batch = Array.from({ length: perCommit }, (_, sequence) => {
      const n = i + sequence;
      const time = 1_700_000_000_000 + n * 10_000 - (n % 40 === 7 ? 600_000 : 0);
      const named: Record<string, string | number> = { U: 'u', X: n / 10, S: `shop ${n % 700}`, ROWTIME: time };
      const row = source!.reads.map((name) => named[name]!);
      return { stepId: source!.id, partition: 0, change: new Change(['u'], undefined, row, time, sequence) };
    });
    await topology.process(batch);
    const into = backend.batch();
    topology.flush({
      delete: (key) => into.delete(key),
      put: (key, value) => {
        bytes[Math.floor((5 * i) / events)]! += key.length + value.length;
        largest = Math.max(largest, value.length);
        into.put(key, value);
      },
    });
    into.write(false);
  }
  return { bytes, largest };
}

test.each(calls)('%s writes as much state for an event of a key with many as with few', async (call) => {
  const { bytes, largest } = await stateOf(call);
  expect(largest).toBeLessThanOrEqual(256 * 1024);
  expect(bytes.at(-1)!, `bytes of each fifth: ${bytes.join()}`).toBeLessThan(1.5 * bytes[0]!);
});
