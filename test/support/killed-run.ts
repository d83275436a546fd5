import { spawn } from 'node:child_process';

/**
 * Runs a script in a process of its own, which kills itself at the `AFTER`-th time of the commit's step `STEP`, or is killed after
 * `killMs`. Whether it was killed; it must not end otherwise than well.
 */
export const killedRun = (script: string, step: string, after: number, killMs: number): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', script], {
      env: { ...process.env, STEP: step, AFTER: String(after) },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), killMs);
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      if (code === 0 || signal === 'SIGKILL') resolve(signal === 'SIGKILL');
      else reject(new TypeError(`ended with ${code}`));
    });
  });
