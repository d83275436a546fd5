import { MemoryTaskLog } from '../../src/adapters/memory/memory-log.ts';
import type { QueryObject } from '../../src/catalog/catalog.ts';
import { sourcesOf } from '../../src/plan/physical/topology.ts';
import { setBaseOffset } from '../../src/records/batch.ts';
import type { FetchTarget } from '../../src/runtime/ports/log.ts';
import type { TopicRecord } from '../../src/runtime/ports/node.ts';
import { noConflation } from '../../src/runtime/run-settings.ts';
import type { SchemaCache } from '../../src/runtime/schema-cache.ts';
import type { BadRecord } from '../../src/runtime/source-decoder.ts';
import { ErrorCollector } from '../../src/runtime/task/error-collector.ts';
import type { Task } from '../../src/runtime/task/task.ts';
import { memoryTask } from '../support/memory-task.ts';
import { batchOf, type HarnessNode } from './harness-node.ts';

/** The log of a query whose inputs are given to it one record at a time. */
class SteppedLog extends MemoryTaskLog {
  override fetch(): void {
    return undefined;
  }
  override end({ fetched }: FetchTarget): number {
    return fetched;
  }
}

/** A failed timestamp ends the case where it says so; other failures are passed over. */
class CaseErrors extends ErrorCollector {
  readonly #isStrict: boolean;
  /** Errors of expressions, aggregates and sinks, which are logged. */
  reported = 0;

  constructor({ id, properties }: QueryObject) {
    super(id, false);
    this.#isStrict = properties['ksql.timestamp.throw.on.invalid'] === 'true';
  }
  override badRecord({ target, message }: BadRecord): void {
    if (target === 'timestamp' && this.#isStrict) throw new EvaluationFailure(message);
  }
  override report(message: string, what: string): void {
    this.reported++;
    if (what === 'sink' && this.#isStrict) throw new EvaluationFailure(message);
  }
}

/** One query of the case: records go in by topic, results are appended to the sink topic as they come. */
export class Driver {
  readonly topics: readonly string[];
  readonly #task: Task;
  readonly #errors: CaseErrors;

  private constructor(task: Task, errors: CaseErrors) {
    this.#task = task;
    this.#errors = errors;
    this.topics = [...new Set(sourcesOf(task.spec.plan).map(({ source }) => source.topic))];
  }

  static async open(query: QueryObject, node: HarnessNode, schemas: SchemaCache): Promise<Driver> {
    const { id: queryId, plan } = query;
    const log = new SteppedLog(node.log, queryId);
    const errors = new CaseErrors(query);
    const task = memoryTask(
      plan,
      log,
      { queryId, partitions: 1, settings: { ...noConflation, earliest: true }, processingLog: '' },
      { statePrefix: Buffer.from(`${queryId}/`), schemas, errors },
    );
    await task.start();
    return new Driver(task, errors);
  }

  /** How often a row failed somewhere behind its decoder. */
  get reported(): number {
    return this.#errors.reported;
  }

  async pipe(topic: string, { offset, timestamp, key, value, headers }: TopicRecord): Promise<void> {
    const batch = batchOf(timestamp, key, value, headers);
    setBaseOffset(batch, 0, offset);
    for (const input of this.#task.inputs) if (input.topic === topic) input.add([batch]);
    while (await this.#task.step());
    await this.#task.commit();
  }
}

class EvaluationFailure extends Error {
  override readonly name = 'EvaluationError';
}
