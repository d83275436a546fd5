import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Session } from '../src/engine/session.ts';
import type { PhysicalPlan } from '../src/plan/physical/step.ts';
import type { StateBackend } from '../src/runtime/ports/state-backend.ts';
import { runSettings } from '../src/runtime/run-settings.ts';
import { SchemaCache } from '../src/runtime/schema-cache.ts';
import { Task } from '../src/runtime/task/task.ts';
import { executeScript } from '../src/statements/index.ts';
import { openBenchNode } from './node.ts';
import type { NullLog } from './null-log.ts';

/** A temporary folder, and the function that deletes it. */
export function benchFolder(): { readonly folder: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** The plan of the only query in a script over the topics `events` and `profiles_events`. */
export async function planOf(name: string, text: string): Promise<PhysicalPlan> {
  const running = await openBenchNode();
  const { engine } = running;
  for (const topic of ['events', 'profiles_events'])
    await engine.node.createTopic(topic, { partitions: 1, replicas: 1, config: {} });
  await executeScript({ name, text }, engine, new Session(engine.defaults));
  const [query] = [...engine.catalog.queries.values()];
  await running.close();
  return query!.plan;
}

/** Starts a task for the first part of a plan. */
export async function startTask(name: string, plan: PhysicalPlan, log: NullLog, backend: StateBackend): Promise<Task> {
  const task = new Task(
    {
      queryId: name,
      plan,
      part: { index: 0, partition: 0 },
      settings: { ...runSettings({}), earliest: true },
      processingLog: '',
      deadLetters: '',
    },
    {
      log,
      output: log,
      backend,
      statePrefix: Buffer.alloc(0),
      models: undefined,
      schemas: new SchemaCache(() => Promise.resolve(undefined)),
    },
  );
  await task.start();
  return task;
}

/** Adds batches to a task's input for a topic, and steps the task until it has processed them. */
export async function feed(task: Task, topic: string, batches: readonly Buffer[]): Promise<void> {
  const input = task.inputs.find((candidate) => candidate.topic === topic);
  // Only enrich reads the profiles.
  if (input === undefined) return;
  input.add(batches);
  while (await task.step());
  if (task.errors > 0) throw new TypeError(`${task.errors} records failed`);
}
