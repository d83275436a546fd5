import { Script } from 'node:vm';
import { EvaluationError } from '../../types/numbers.ts';

/** A call of user code that did not end in time. */
class TooSlow extends EvaluationError {}

const script = new Script('globalThis[Symbol.for("millrace.watched")]()');
const scope = globalThis as unknown as Record<symbol, (() => void) | undefined>;
const name = Symbol.for('millrace.watched');

let limitMs = 1000;
let depth = 0;
/** Until then every call is watched by itself: a batch of calls was too slow. */
let eachUntil = 0;
const eachForMs = 10_000;

export function setLimit(ms: number): void {
  limitMs = ms;
}

/**
 * Runs code that stops at the limit, also within a loop that never ends: the interpreter ends it. This costs about 50 µs, which is
 * why whole batches of calls are watched at once (`watchBatch`), and single calls only outside of those.
 */
export function watch<T>(run: () => T): T {
  if (depth > 0) return run();
  let result: { readonly value: T } | undefined;
  scope[name] = () => {
    result = { value: run() };
  };
  depth++;
  try {
    script.runInThisContext({ timeout: limitMs });
    return result!.value;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    throw new TooSlow(`the function was stopped after ${limitMs} ms`);
  } finally {
    depth--;
    scope[name] = undefined;
  }
}

/** Runs a batch of calls that keeps nothing: when it is too slow as a whole it runs again, each call watched by itself. */
export function watchBatch<T>(run: () => T): T {
  if (performance.now() < eachUntil) return run();
  try {
    return watch(run);
  } catch (error) {
    if (!(error instanceof TooSlow)) throw error;
    eachUntil = performance.now() + eachForMs;
    return run();
  }
}
