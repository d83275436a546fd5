import { spawnSync } from 'node:child_process';

type Result = Readonly<Record<string, unknown>>;

/** Runs a bench in a process of its own and parses the last line that it printed. */
export function runBench(name: string, args: readonly string[]): Result {
  const { stdout, status } = spawnSync(process.execPath, [process.argv[1]!, name, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new TypeError(`${name} ${args.join(' ')} ended with ${status}`);
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Result;
}
