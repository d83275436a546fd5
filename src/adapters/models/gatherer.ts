import type { Scored } from '../../runtime/ports/model-host.ts';
import type { Value, Row } from '../../types/sql-type.ts';
import { ScoringError, type RowAnswer } from './provider.ts';

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

  /** How long ago it began. */
  get age(): number {
    return performance.now() - this.#started;
  }
  /** Sets what a row was answered when the call was `latencyMs` old. */
  set(at: number, answer: RowAnswer, latencyMs: number): void {
    if (answer instanceof ScoringError) this.#put(at, undefined, answer.failure, answer.message, latencyMs);
    else this.#put(at, answer, undefined, undefined, latencyMs);
  }
  /** The row was not scored, which is no failure. */
  skip(at: number, outputs: readonly Value[], cause: string): void {
    this.#put(at, outputs, undefined, cause, this.age);
  }
  #put(
    at: number,
    outputs: readonly Value[] | undefined,
    error: string | undefined,
    cause: string | undefined,
    latencyMs: number,
  ): void {
    const result = { outputs, version: this.#version, error, cause, latencyMs };
    this.results[at] = result;
    this.#answered?.(at, result);
  }
}

/** Rows of one call that are to be scored. */
export interface WaitingRows {
  readonly call: Call;
  readonly rows: readonly Row[];
  /** Their indexes in the call. */
  readonly places: readonly number[];
  /** Under which their answers are kept; undefined where none are. */
  readonly keys: readonly string[] | undefined;
}

export interface Batching {
  readonly size: number;
  readonly delayMs: number;
  /** Scores a batch and sets the result of each row; never throws. */
  readonly run: (batch: readonly WaitingRows[]) => Promise<void>;
}

interface Gathered {
  readonly parts: WaitingRows[];
  /** How many more rows it takes. */
  room: number;
  readonly done: Promise<void>;
  readonly start: () => void;
}

/** Divides the rows of calls into batches. With a delay, an incomplete batch waits for rows of other calls. */
export class Gatherer {
  readonly #waiting = new Map<string, Gathered>();

  /** Resolves when every row has a result. Rows with the same key are for the same version of a model. */
  async score(key: string, waiting: WaitingRows, batching: Batching): Promise<void> {
    const { size, delayMs, run } = batching;
    const count = waiting.rows.length;
    if (delayMs === 0) {
      const batches: Promise<void>[] = [];
      for (let i = 0; i < count; i += size) batches.push(run([part(waiting, i, i + size)]));
      await Promise.all(batches);
      return;
    }
    const taken = new Set<Gathered>();
    for (let i = 0; i < count;) {
      const gathered = this.#waiting.get(key) ?? this.#open(key, batching);
      taken.add(gathered);
      const next = part(waiting, i, i + gathered.room);
      gathered.parts.push(next);
      gathered.room -= next.rows.length;
      i += next.rows.length;
      if (gathered.room === 0) gathered.start();
    }
    await Promise.all([...taken].map(({ done }) => done));
  }

  #open(key: string, { size, delayMs, run }: Batching): Gathered {
    const parts: WaitingRows[] = [];
    let start: () => void = () => undefined;
    const done = new Promise<void>((resolve) => {
      start = () => {
        clearTimeout(timer);
        if (this.#waiting.get(key)?.parts === parts) this.#waiting.delete(key);
        resolve(run(parts));
      };
    });
    const timer = setTimeout(start, delayMs);
    const gathered = { parts, room: size, done, start };
    this.#waiting.set(key, gathered);
    return gathered;
  }
}

const part = ({ call, rows, places, keys }: WaitingRows, from: number, to: number): WaitingRows => ({
  call,
  rows: rows.slice(from, to),
  places: places.slice(from, to),
  keys: keys?.slice(from, to),
});
