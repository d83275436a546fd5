import type { Scored } from '../../runtime/ports/model-host.ts';
import type { Value, Row } from '../../types/sql-type.ts';
import type { ScoringError } from './provider.ts';

/** The results of the rows of one scoring call. */
export class Call {
  readonly results: Scored[];
  /** In time of the clock; Infinity for none. */
  readonly deadline: number;
  readonly #version: number;
  readonly #started = performance.now();
  readonly #answered: ((row: number, answer: Scored) => void) | undefined;

  constructor(version: number, rows: number, deadline: number, answered?: (row: number, answer: Scored) => void) {
    this.#answered = answered;
    this.#version = version;
    this.results = new Array<Scored>(rows);
    this.deadline = deadline;
  }

  set(at: number, outputs: readonly Value[]): void {
    this.#put(at, outputs, undefined, undefined);
  }
  fail(at: number, { failure, message }: ScoringError): void {
    this.#put(at, undefined, failure, message);
  }
  /** The row was not scored, which is no failure. */
  skip(at: number, outputs: readonly Value[], cause: string): void {
    this.#put(at, outputs, undefined, cause);
  }
  #put(at: number, outputs: readonly Value[] | undefined, error: string | undefined, cause: string | undefined): void {
    const latencyMs = performance.now() - this.#started;
    const result = { outputs, version: this.#version, error, cause, latencyMs };
    this.results[at] = result;
    this.#answered?.(at, result);
  }
}

/** A row to be scored, and its index in its call. */
export interface WaitingRow {
  readonly row: Row;
  readonly at: number;
  readonly call: Call;
  /** Under which its answer is kept; undefined where none is. */
  readonly key: string | undefined;
}

export interface Batching {
  readonly size: number;
  readonly delayMs: number;
  /** Scores a batch and sets the result of each row; never throws. */
  readonly run: (batch: readonly WaitingRow[]) => Promise<void>;
}

interface Gathered {
  rows: WaitingRow[];
  readonly done: Promise<void>;
  readonly start: () => void;
}

/** Divides the rows of calls into batches. With a delay, an incomplete batch waits for rows of other calls. */
export class Gatherer {
  readonly #waiting = new Map<string, Gathered>();

  /** Resolves when every row has a result. Rows with the same key are for the same version of a model. */
  async score(key: string, rows: readonly WaitingRow[], batching: Batching): Promise<void> {
    const { size, delayMs, run } = batching;
    if (delayMs === 0) {
      const batches: Promise<void>[] = [];
      for (let i = 0; i < rows.length; i += size) batches.push(run(rows.slice(i, i + size)));
      await Promise.all(batches);
      return;
    }
    const taken = new Set<Gathered>();
    for (const row of rows) {
      const gathered = this.#waiting.get(key) ?? this.#open(key, batching);
      taken.add(gathered);
      if (gathered.rows.push(row) >= size) gathered.start();
    }
    await Promise.all([...taken].map(({ done }) => done));
  }

  #open(key: string, { delayMs, run }: Batching): Gathered {
    const rows: WaitingRow[] = [];
    let start: () => void = () => undefined;
    const done = new Promise<void>((resolve) => {
      start = () => {
        clearTimeout(timer);
        if (this.#waiting.get(key)?.rows === rows) this.#waiting.delete(key);
        resolve(run(rows));
      };
    });
    const timer = setTimeout(start, delayMs);
    const gathered = { rows, done, start };
    this.#waiting.set(key, gathered);
    return gathered;
  }
}
