import type { Value, Row } from '../../types/sql-type.ts';
import { Change } from '../change.ts';
import type { DeadLetter } from '../failures.ts';
import { batchOf, noChanges, rowsOf, type Batch } from '../batch.ts';
import type { Operator, RecordPosition } from '../operator.ts';
import type { ModelHost, Scored } from '../ports/model-host.ts';

/** A model call that failed for good where ON_ERROR is FAIL: the query stops in state ERROR. */
class ModelFailure extends Error {
  override readonly name = 'ModelFailure';
}

interface InvokeOptions {
  readonly model: string;
  readonly version: number | undefined;
  readonly outputs: number;
  readonly onError: string | undefined;
  readonly position: RecordPosition;
  readonly report: (error: unknown, what: string) => void;
  readonly deadLetter: (letter: DeadLetter) => void;
  /** An input row as JSON, for the dead letters. */
  readonly rowJson: (row: Row) => Buffer;
}

/** Scores a micro-batch of rows by a model in one call, and adds the outputs, the version, the error and the latency. */
export class Invoke implements Operator {
  readonly #host: ModelHost;
  readonly #args: (row: Row) => Row;
  readonly #options: InvokeOptions;

  constructor(host: ModelHost, args: (row: Row) => Row, options: InvokeOptions) {
    this.#host = host;
    this.#args = args;
    this.#options = options;
  }

  process([batch]: readonly Batch[]): Batch | Promise<Batch> {
    const changes = rowsOf(batch!);
    const rows = changes.filter(({ after }) => after !== undefined);
    return rows.length === 0 ? noChanges : this.#score(rows);
  }

  async #score(changes: readonly Change[]): Promise<Batch> {
    const { model, version, position } = this.#options;
    const scored = await this.#host.score(
      model,
      version,
      changes.map(({ after, sequence }) => {
        position.sequence = sequence;
        return this.#args(after!);
      }),
    );
    const result: Change[] = [];
    changes.forEach((change, i) => {
      position.sequence = change.sequence;
      const values = this.#values(scored[i]!, change);
      if (values === undefined) return;
      const { key, after, timestamp, sequence, window, headers } = change;
      result.push(new Change(key, undefined, [...after!, ...values], timestamp, sequence, window, headers));
    });
    return batchOf(result);
  }

  /** The columns that the row gets, or undefined when it leaves the stream. */
  #values({ outputs, version, error, latencyMs }: Scored, { after, timestamp }: Change): Value[] | undefined {
    if (outputs !== undefined) return [...outputs, version, null, latencyMs];
    const { model, onError, report, deadLetter, rowJson } = this.#options;
    const action = onError ?? this.#host.onError(model, version);
    const failure = new ModelFailure(`model "${model}" version ${version}: ${error}`);
    if (action === 'FAIL') throw failure;
    report(failure, 'INVOKE MODEL');
    if (action === 'DLQ') {
      const { message } = failure;
      deadLetter({ model, version, error: error ?? '', message, row: rowJson(after!), timestamp });
      return undefined;
    }
    const values =
      action === 'DEFAULT'
        ? this.#host.defaults(model, version)
        : Array.from({ length: this.#options.outputs }, () => null);
    return [...values, version, error ?? null, latencyMs];
  }
}
