import type { PhysicalPlan } from '../../src/plan/physical/step.ts';
import { Session } from '../../src/engine/session.ts';
import { executeScript } from '../../src/statements/index.ts';
import { openHarness } from '../conformance/run-case.ts';

/** The plan of the last query that statements make; nothing of it runs. */
export async function planOf(sql: string): Promise<PhysicalPlan> {
  const { engine } = openHarness('test_');
  await executeScript({ name: 'plan', text: sql }, engine, new Session(engine.defaults));
  return [...engine.catalog.queries.values()].at(-1)!.plan;
}
