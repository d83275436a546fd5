import { MemoryBackend } from '../../src/adapters/memory/memory-backend.ts';
import type { PhysicalPlan } from '../../src/plan/physical/step.ts';
import type { TaskLog } from '../../src/runtime/ports/log.ts';
import { eachBatch, runSettings } from '../../src/runtime/run-settings.ts';
import { SchemaCache } from '../../src/runtime/schema-cache.ts';
import type { TaskSpec } from '../../src/runtime/task/spec.ts';
import { Task } from '../../src/runtime/task/task.ts';
import type { TaskPorts } from '../../src/runtime/task/task-ports.ts';

/**
 * A task that was not started: unless told otherwise the whole of a query `q`, from the beginning of its topics, which commits every
 * micro-batch, over a state that is empty.
 */
export function memoryTask(
  plan: PhysicalPlan,
  log: TaskLog,
  spec: Partial<TaskSpec> = {},
  ports: Partial<TaskPorts> = {},
): Task {
  return new Task(
    {
      queryId: 'q',
      plan,
      part: undefined,
      settings: { ...runSettings({ 'auto.offset.reset': 'earliest' }), commit: eachBatch },
      processingLog: 'errors',
      deadLetters: '',
      ...spec,
    },
    {
      log,
      output: log,
      backend: new MemoryBackend(),
      statePrefix: Buffer.from('q/'),
      models: undefined,
      schemas: new SchemaCache(() => Promise.resolve(undefined)),
      ...ports,
    },
  );
}
