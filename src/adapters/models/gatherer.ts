import type { Scored } from '../../runtime/ports/model-host.ts';
import type { Value, Row } from '../../types/sql-type.ts';

/** What the rows of one call got. */
export class Call {
  readonly results: Scored[];
  /** By the clock; Infinity for none. */
  readonly deadline: number;
  readonly #version: number;
  readonly #started = performance.now();

  constructor(version: number, rows: number, deadline: number) {
    this.#version = version;
    this.results = new Array<Scored>(rows);
    this.deadline = deadline;
  }

  set(at: number, outputs: readonly Value[] | undefined, error: string | undefined): void {
    this.results[at] = { outputs, version: this.#version, error, latencyMs: performance.now() - this.#started };
  }
}

/** A row that is to be scored, and which of its call it is. */
export interface WaitingRow {
  readonly row: Row;
  readonly at: number;
  readonly call: Call;
}

export interface Batching {
  readonly size: number;
  readonly delayMs: number;
  /** Scores a batch, and sets what each row got; never throws. */
  readonly run: (batch: readonly WaitingRow[]) => Promise<void>;
}

interface Gathered {
  rows: WaitingRow[];
  readonly done: Promise<void>;
  readonly start: () => void;
}

/** Cuts the rows of calls into batches; with a delay the rest of a call waits for the rows of others, to be scored with them. */
export class Gatherer {
  readonly #waiting = new Map<string, Gathered>();

  /** Resolves when every row was set. Rows of one key are of one version of a model. */
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
