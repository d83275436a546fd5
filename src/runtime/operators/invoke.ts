import type { Value, Row } from '../../types/sql-type.ts';
import { Change } from '../change.ts';
import type { DeadLetter } from '../failures.ts';
import { batchOf, noChanges, rowsOf, type Batch } from '../batch.ts';
import type { Operator, RecordPosition } from '../operator.ts';
import { isOfServer, type ModelHost, type RowsBy, type Scored } from '../ports/model-host.ts';

/** A model call that failed permanently with ON_ERROR='FAIL': the query stops in state ERROR. */
class ModelFailure extends Error {
  override readonly name = 'ModelFailure';
  /** The model's server is away or slow: the rows are not what fails. */
  readonly retriable: boolean;
  constructor(message: string, failure: string | undefined) {
    super(message);
    this.retriable = isOfServer(failure);
  }
}

/** What an invocation is built with. */
export interface InvokeOptions {
  readonly model: string;
  readonly version: number | string | undefined;
  /** The texts of a row by which the model's route chooses; undefined where there are none. */
  readonly routeBy: ((row: Row) => Row) | undefined;
  readonly outputs: number;
  /** How many values tell of the call, behind the outputs. */
  readonly told: number;
  /** Options of this call; undefined for those of the model. */
  readonly options: Readonly<Record<string, string>> | undefined;
  readonly position: RecordPosition;
  readonly report: (error: unknown, what: string) => void;
  readonly deadLetter: (letter: DeadLetter) => void;
  /** Takes what a shadow answered for a row; undefined where nobody wants to know. */
  readonly shadowed:
    ((key: string | null, row: Row, answer: Scored, shadow: Scored, timestamp: number) => void) | undefined;
  /** The input row as a JSON object, for the dead letters. */
  readonly rowJson: (row: Row) => Buffer;
}

/** Scores a micro-batch in one call, and appends the model's outputs, version, error, latency and whether they are defaults to each row. */
export class Invoke implements Operator {
  readonly #host: ModelHost;
  readonly #args: (row: Row) => Row;
  readonly #options: InvokeOptions;
  readonly #invocation: Invocation;

  constructor(host: ModelHost, args: (row: Row) => Row, options: InvokeOptions) {
    this.#host = host;
    this.#args = args;
    this.#options = options;
    this.#invocation = new Invocation(host, options);
  }

  process([batch]: readonly Batch[]): Batch | Promise<Batch> {
    const all = rowsOf(batch!);
    const rows = all.every(({ after }) => after !== undefined) ? all : all.filter(({ after }) => after !== undefined);
    return rows.length === 0 ? noChanges : this.#score(rows);
  }

  async #score(changes: readonly Change[]): Promise<Batch> {
    const { model, version, position, options } = this.#options;
    const rows = changes.map(({ after, sequence }) => {
      position.sequence = sequence;
      return this.#args(after!);
    });
    let scored: readonly Scored[] = [];
    const by = this.#invocation.rowsBy(changes, rows, (row) => scored[row]!);
    scored = await this.#host.score(model, version, rows, by, options);
    const result: Change[] = [];
    for (let i = 0; i < changes.length; i++) {
      const change = changes[i]!;
      const { key, timestamp, sequence, window, headers } = change;
      position.sequence = sequence;
      const row = this.#invocation.rowOf(scored[i]!, change);
      if (row !== undefined) result.push(new Change(key, undefined, row, timestamp, sequence, window, headers));
    }
    return batchOf(result);
  }
}

/** How rows are asked for, and what becomes of what is answered. */
export class Invocation {
  readonly #host: ModelHost;
  readonly #options: InvokeOptions;

  constructor(host: ModelHost, options: InvokeOptions) {
    this.#host = host;
    this.#options = options;
  }

  /** What the model's route asks about rows, of these inputs; `answerOf` is called after the call has been answered. */
  rowsBy(changes: readonly Change[], rows: readonly Row[], answerOf: (row: number) => Scored): RowsBy {
    const { shadowed } = this.#options;
    const keyOf = (row: number): string | null => this.keyOf(changes[row]!);
    return {
      keyOf,
      shadowed:
        shadowed && ((row, shadow) => shadowed(keyOf(row), rows[row]!, answerOf(row), shadow, changes[row]!.timestamp)),
    };
  }

  /** The text of a row's key; that of several columns has a bar between them. Null when a part is. */
  keyOf({ after, sequence }: Change): string | null {
    const { routeBy, position } = this.#options;
    if (routeBy === undefined) return null;
    position.sequence = sequence;
    const texts = routeBy(after!);
    if (texts.length === 1) return texts[0] as string | null;
    return texts.includes(null) ? null : texts.join('|');
  }

  /** The row with what the call gave; undefined when the row is dropped. */
  rowOf(scored: Scored, change: Change): Row | undefined {
    const { outputs, version, error, cause, latencyMs } = scored;
    if (outputs === undefined) return this.#rowOfFailure(scored, change);
    const { model, report } = this.#options;
    if (cause !== undefined) report(`model "${model}" version ${version} was not called: ${cause}`, 'INVOKE MODEL');
    return this.#appended(change.after!, outputs, version, error ?? null, latencyMs, false);
  }

  #rowOfFailure({ version, error, cause, latencyMs }: Scored, { after, timestamp }: Change): Row | undefined {
    const { model, options, report, deadLetter, rowJson } = this.#options;
    const action = options?.['ON_ERROR'] ?? this.#host.onError(model, version);
    const failure = new ModelFailure(`model "${model}" version ${version}: ${error}: ${cause}`, error);
    if (action === 'FAIL') throw failure;
    report(failure, 'INVOKE MODEL');
    if (action === 'DLQ') {
      const { message } = failure;
      deadLetter({ model, version, error: error ?? '', message, row: rowJson(after!), timestamp });
      return undefined;
    }
    const values =
      action === 'DEFAULT'
        ? this.#host.defaults(model, version, options)
        : Array.from({ length: this.#options.outputs }, () => null);
    return this.#appended(after!, values, version, error ?? null, latencyMs, action === 'DEFAULT');
  }

  /** Copied by loops: the operators' way of a row is the place where most of its cost comes from. */
  #appended(
    row: Row,
    outputs: readonly Value[],
    version: Value,
    error: Value,
    latencyMs: Value,
    isDefault: Value,
  ): Row {
    const { told } = this.#options;
    const width = row.length + outputs.length;
    const all = new Array<Value>(width + told);
    for (let i = 0; i < row.length; i++) all[i] = row[i]!;
    for (let i = 0; i < outputs.length; i++) all[row.length + i] = outputs[i]!;
    if (told > 0) all[width] = version;
    if (told > 1) all[width + 1] = error;
    if (told > 2) all[width + 2] = latencyMs;
    if (told > 3) all[width + 3] = isDefault;
    return all;
  }
}
