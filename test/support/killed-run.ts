import { spawn } from 'node:child_process';

/** Where a run dies: at the `after`-th time of a commit's step, or `ms` after it has produced so many rows of its own. */
export type Death = { readonly step: string; readonly after: number } | { readonly rows: number; readonly ms: number };

/** A thread kills the process, so that it dies in the middle of whatever the others do; rows are what counts, not how fast it is. */
const death = `
  import { Worker as Killer } from 'node:worker_threads';
  const killer = new Killer("require('node:worker_threads').parentPort.once('message', (ms) => setTimeout(() => process.kill(process.pid, 'SIGKILL'), ms))", { eval: true, execArgv: [] });
  killer.unref();
  globalThis.produced = (rows) => { if (String(rows) === process.env.ROWS) killer.postMessage(Number(process.env.MS)); };
`;

/** A run that has not ended by then hangs. */
const longestMs = 120_000;

/**
 * Runs a script in a process of its own until its death (none: to its end). It calls `produced(n)` after the nth row, and kills itself
 * at the `AFTER`-th time of the step `STEP`. Whether it was killed; it must not end otherwise than well.
 */
export const killedRun = (script: string, at?: Death): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const { step = '', after = 0, rows = '', ms = 0 } = (at ?? {}) as Record<string, string | number>;
    const child = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', death + script], {
      env: {
        ...process.env,
        STEP: String(step),
        AFTER: String(after),
        ROWS: String(rows),
        MS: String(ms),
      },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const timer = setTimeout(() => child.kill('SIGTERM'), longestMs);
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      if (code === 0 || signal === 'SIGKILL') resolve(signal === 'SIGKILL');
      else
        reject(
          new TypeError(signal === 'SIGTERM' ? `still ran after ${longestMs} ms` : `ended with ${code ?? signal}`),
        );
    });
  });
