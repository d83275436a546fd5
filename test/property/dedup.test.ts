import { expect, test } from 'vitest';
import { planQuery } from '../../src/engine/plan-query.ts';
import { lower } from '../../src/plan/physical/lower.ts';
import { planVersion, type PhysicalPlan, type Step } from '../../src/plan/physical/step.ts';
import { sourcesOf } from '../../src/plan/physical/topology.ts';
import { optimize, rules } from '../../src/plan/rules/index.ts';
import { rankLimit } from '../../src/plan/rules/rank-limit.ts';
import { Change } from '../../src/runtime/change.ts';
import { withStateTtl } from '../../src/statements/state-ttl.ts';
import { parse, splitScript } from '../../src/syntax/parse.ts';
import { Random } from '../fuzz/random.ts';
import { openEngine } from '../support/memory-node.ts';
import { runsOf, seedOf } from '../support/scale.ts';
import { StoredTopology } from '../support/stored-topology.ts';

const graceMs = 12;
const forms = {
  'as it comes':
    'SELECT k, v, n FROM s QUALIFY ROW_NUMBER() OVER (PARTITION BY k ORDER BY ts GRACE PERIOD 12 MILLISECONDS) = 1 EMIT CHANGES;',
  'of another column':
    'SELECT k, v, n FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY v ORDER BY ts GRACE PERIOD 12 MILLISECONDS) AS r FROM s) WHERE r < 2 EMIT CHANGES;',
  'in order of time':
    'SELECT k, v, n FROM s QUALIFY 1 >= ROW_NUMBER() OVER (PARTITION BY k ORDER BY ts GRACE PERIOD 12 MILLISECONDS) EMIT FINAL;',
};
type Form = keyof typeof forms;

interface Event {
  readonly key: string | null;
  readonly value: string | null;
  readonly n: number;
  readonly time: number | null;
}

/** The plan of a query, as deduplication or as numbers that are filtered. */
async function planOf(form: Form, isDedup: boolean): Promise<PhysicalPlan> {
  const engine = await openEngine();
  await engine.run(
    `CREATE STREAM s (k STRING KEY, v STRING, n INT, ts BIGINT) WITH (kafka_topic='s', value_format='JSON', partitions=1);`,
  );
  const statement = parse(splitScript({ name: 't', text: forms[form] })[0]!);
  if (statement.kind !== 'select') throw new TypeError('no query');
  const { plan } = planQuery(statement.query, engine.engine.catalog, {
    purpose: 'push',
    suppressEnabled: true,
    joinWaitMs: undefined,
    aggregates: 'standard',
  });
  await engine.close();
  const active = isDedup ? rules : rules.filter((rule) => rule !== rankLimit);
  const root: Step = lower(optimize(plan, active).plan);
  return { version: planVersion, root, shape: 'STREAM', windowed: undefined, sink: undefined, rules: [] };
}

function run(plan: PhysicalPlan, events: readonly Event[], random: Random): string[] {
  const [read] = sourcesOf(plan);
  const topology = new StoredTopology(plan);
  const found = topology.feed(read!.id, events, random, ({ key, value, n, time }, sequence) => {
    const values: Record<string, unknown> = { K: key, V: value, N: n, TS: time };
    const row = read!.reads.map((name) => (values[name] ?? null) as never);
    return new Change([key], undefined, row, n, sequence);
  });
  return found.map(({ after, timestamp }) => JSON.stringify([after, timestamp]));
}

function randomEvents(random: Random): Event[] {
  let time = 0;
  return Array.from({ length: random.below(80) }, (_, n) => {
    time += random.below(6);
    const at = Math.max(0, time - (random.below(3) === 0 ? random.below(20) : 0));
    return {
      key: random.pick(['x', 'y', 'z', null]),
      value: random.pick(['p', 'q', null]),
      n,
      time: random.below(20) === 0 ? null : at,
    };
  });
}

/** The rows that are told of by a search over all that came before. */
function byHand(events: readonly Event[], by: 'key' | 'value', ttlMs: number): number[] {
  let streamTime = -Infinity;
  const told: Event[] = [];
  for (const event of events) {
    const { time } = event;
    if (time === null || event[by] === null || time < streamTime - graceMs) continue;
    streamTime = Math.max(streamTime, time);
    const isCovered = told.some((each) => each[by] === event[by] && each.time! <= time && time - each.time! < ttlMs);
    if (!isCovered) told.push(event);
  }
  return told.map(({ n }) => n);
}

test.each(Object.keys(forms) as Form[])(
  '%s: ROW_NUMBER = 1 gives what numbers that are filtered give',
  async (form) => {
    const random = new Random(seedOf(80));
    const [dedup, numbers] = [await planOf(form, true), await planOf(form, false)];
    expect(JSON.stringify(dedup)).toContain('"op":"dedup"');
    expect(JSON.stringify(numbers)).toContain('"op":"over"');
    for (let i = 0; i < runsOf(150); i++) {
      const events = randomEvents(random);
      expect(run(dedup, events, random), JSON.stringify(events)).toEqual(run(numbers, events, random));
    }
  },
);

test.each(['as it comes', 'of another column'] as const)('%s: a key is told of again after STATE_TTL', async (form) => {
  const random = new Random(seedOf(81));
  const plan = await planOf(form, true);
  for (let i = 0; i < runsOf(150); i++) {
    const ttlMs = 1 + random.below(40);
    const bounded = withStateTtl(plan, { ms: ttlMs, refuse: () => expect.unreachable() });
    const events = randomEvents(random);
    const wanted = byHand(events, form === 'as it comes' ? 'key' : 'value', ttlMs);
    expect(run(bounded, events, random).map((row) => (JSON.parse(row) as [unknown, number])[1])).toEqual(wanted);
  }
});
