import { expect, test } from 'vitest';
import { slotsIn } from '../../../src/expressions/node.ts';
import { subTopologies } from '../../../src/plan/physical/topology.ts';
import { unmoved } from '../../../src/plan/physical/unmoved.ts';
import type { PhysicalPlan } from '../../../src/plan/physical/step.ts';
import { openEngine } from '../../support/memory-node.ts';

async function planOf(statement: string): Promise<PhysicalPlan> {
  const engine = await openEngine();
  await engine.run(
    `CREATE STREAM s (id STRING KEY, amount DOUBLE, kind STRING) WITH (kafka_topic='s', value_format='JSON', partitions=1); ${statement}`,
  );
  const [query] = [...engine.engine.catalog.queries.values()];
  await engine.close();
  return query!.plan;
}

test.each(['', 'KIND', 'ID'])('in one partition a monitor by "%s" reads its rows where they are', async (by) => {
  const plan = await planOf(`CREATE MONITOR m ON STREAM s ${by && `SEGMENT BY ${by}`} (CHECK (MEAN(amount) > 1));`);
  const { root } = unmoved(plan);
  expect(subTopologies(plan)).toHaveLength(2);
  expect(subTopologies({ ...plan, root })).toHaveLength(1);
  if (root.op !== 'monitor') throw new TypeError('no monitor');
  const read = [...slotsIn([...root.segments, ...root.values, root.time])].map(
    (slot) => root.input.columns[slot]!.name,
  );
  expect(read).toEqual([...(by === '' ? [] : [by]), 'AMOUNT', 'ROWTIME']);
});

test('any other plan is as it is', async () => {
  const plan = await planOf('CREATE TABLE t AS SELECT kind, COUNT(*) AS n FROM s GROUP BY kind;');
  expect(unmoved(plan)).toBe(plan);
});
