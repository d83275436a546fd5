import { afterAll, expect, test } from 'vitest';
import { stepInputs, type Step } from '../../src/plan/physical/step.ts';
import { rowsOf } from '../../src/runtime/batch.ts';
import { wrapOperators } from '../../src/runtime/build.ts';
import { openEngine } from '../support/memory-node.ts';
import { operatorCases, type Input } from '../support/operator-cases.ts';
import { consume } from '../support/topics.ts';

/** Records with headers are those at which operators fail. These are their numbers in the micro-batch. */
const poison = new Set<number>();

/** Where operators fail: kinds of steps, or at each n-th call whatever it is given. */
let fails: { readonly op?: Step['op']; readonly every?: number } = {};
let thrown = 0;
let calls = 0;
const built = new Set<Step['op']>();

class Injected extends RangeError {
  override readonly name = 'RangeError';
}
wrapOperators((build) => (step, context) => {
  built.add(step.op);
  const operator = build(step, context);
  return {
    ...(operator.drain && { drain: () => operator.drain!() }),
    ...(operator.closeIdle && { closeIdle: () => operator.closeIdle!() }),
    ...(operator.current && { current: (key) => operator.current!(key) }),
    process: (batches) => {
      const given = batches.flatMap(rowsOf);
      if (stepInputs(step).length === 0)
        for (const { sequence, headers } of given)
          if (headers !== undefined) poison.add(sequence);
          else poison.delete(sequence);
      const isHit = given.some(({ sequence }) => poison.has(sequence));
      // The operator has changed its state by then.
      const result = operator.process(batches);
      const isDue = fails.every !== undefined && ++calls % fails.every === 0;
      if ((isHit && fails.op === step.op) || isDue) {
        thrown++;
        throw new Injected('a fault');
      }
      return result;
    },
  };
});
afterAll(() => {
  fails = {};
});

async function resultOf(statements: string, input: readonly Input[]): Promise<{ rows: string[]; logged: number[] }> {
  const { engine, run, settle, close } = await openEngine();
  await run(statements);
  const ids = [...engine.catalog.queries.keys()];
  for (const id of ids) await run(`PAUSE ${id};`);
  for (const [topic, key, value, timestamp, bare] of input)
    await engine.node.produce(topic, [
      {
        key,
        value: value === null ? null : JSON.stringify(value),
        timestamp,
        partition: undefined,
        ...(bare === undefined && { headers: [{ key: 'poison', value: Buffer.from('1') }] }),
      },
    ]);
  for (const id of ids) await run(`RESUME ${id};`);
  await settle();
  expect(ids.map((id) => engine.node.status(id)?.state)).toEqual(ids.map(() => 'RUNNING'));
  const rows = await consume(engine, 'O');
  const logged = (await consume(engine, 'test_ksql_processing_log')).flatMap((line) =>
    line.includes('failed inside for these values') ? Number(/"SOURCE_OFFSET":(\d+)/.exec(line)![1]) : [],
  );
  await close();
  return { rows, logged };
}

// Of a chain of queries the second meets the time again in rows of others.
const cases = Object.entries(operatorCases).filter(([name]) => !name.includes('that has been grouped'));
test.each(cases)(
  'a record at which an operator fails is left out, and all else is as if it never was: %s',
  async (_, { statements, input }) => {
    const topics = new Set(input.map(([topic]) => topic));
    const isAlone = topics.size === 1;
    const sound = input.flatMap(([topic, key, value, time]): Input[] => [
      [topic, key, value, time, 'bare'],
      [topic, key, value, time, 'bare'],
    ]);
    fails = {};
    built.clear();
    const expected = await resultOf(statements, sound);
    let hit = 0;
    for (const op of [...built])
      for (const poisoned of topics) {
        fails = { op };
        thrown = 0;
        // Far in the future, so that stream time must come back; with several topics that would change the order in which they are read.
        const withPoison = sound.flatMap((record, i): Input[] => {
          const [topic, key, value, time] = record;
          if (i % 2 === 0 || topic !== poisoned) return [record];
          return [[topic, key, value, isAlone ? 2_000_000_777 : time], record];
        });
        const result = await resultOf(statements, withPoison);
        if (thrown === 0) continue;
        hit++;
        // UNION ALL reads its topics in any order.
        const ordered = (rows: string[]): string[] => (isAlone ? rows : rows.sort());
        expect([op, ordered(result.rows)]).toEqual([op, ordered(expected.rows)]);
        expect(result.logged.length).toBeGreaterThan(0);
      }
    expect(hit).toBeGreaterThan(0);
  },
);

test('an operator that fails at every n-th call loses only the records of which the log tells', async () => {
  const statements = `CREATE STREAM s (k STRING KEY, n INT) WITH (kafka_topic='s', value_format='JSON', partitions=1);
    CREATE TABLE o AS SELECT k, COUNT(*) AS c, SUM(n) AS total FROM s GROUP BY k;`;
  const input = Array.from({ length: 60 }, (__, i): Input => ['s', `k${i % 3}`, { n: i }, i, 'bare']);
  for (const every of [1, 2, 3]) {
    fails = { every };
    calls = thrown = 0;
    const { rows, logged } = await resultOf(statements, input);
    fails = {};
    expect(thrown).toBeGreaterThan(0);
    const left = input.filter((___, offset) => !logged.includes(offset));
    expect(rows).toEqual((await resultOf(statements, left)).rows);
  }
});
