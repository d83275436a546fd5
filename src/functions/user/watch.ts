import { Script } from 'node:vm';
import { EvaluationError } from '../../types/numbers.ts';

/** A call of user code that exceeded the time limit. */
export class TooSlow extends EvaluationError {}

const script = new Script('globalThis[Symbol.for("millrace.watched")]()');
const scope = globalThis as unknown as Record<symbol, (() => void) | undefined>;
const name = Symbol.for('millrace.watched');

let limitMs = 1000;
let depth = 0;
/** Until this time, calls are timed one by one, because a batch was too slow. */
let eachUntil = 0;
const eachForMs = 10_000;

export function setLimit(ms: number): void {
  limitMs = ms;
}

/**
 * Runs code with a time limit that also ends an endless loop. The overhead is about 50 µs, so whole batches of calls are timed
 * at once (`watchBatch`), and single calls only outside of batches.
 */
export function watch<T>(run: () => T, ms = limitMs): T {
  if (depth > 0) return run();
  let result: { readonly value: T } | undefined;
  scope[name] = () => {
    result = { value: run() };
  };
  depth++;
  try {
    script.runInThisContext({ timeout: ms });
    return result!.value;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    throw new TooSlow(`the function was stopped after ${ms} ms`);
  } finally {
    depth--;
    scope[name] = undefined;
  }
}

const never = (): boolean => false;

/**
 * Runs a batch of calls that keeps no state, with a time limit. A batch that exceeds it fails where the caller takes its records again,
 * fewer at a time, so that the thread is not held for the time of all calls. Elsewhere it is run again with each call timed by itself.
 */
export function watchBatch<T>(run: () => T, isRetaken = never): T {
  if (performance.now() < eachUntil && !isRetaken()) return run();
  try {
    return watch(run);
  } catch (error) {
    if (!(error instanceof TooSlow) || isRetaken()) throw error;
    eachUntil = performance.now() + eachForMs;
    return run();
  }
}
