import { spawnSync } from 'node:child_process';

/** A Python that has Feast with its Redis online store. */
export const feastPython = process.env['MILLRACE_TEST_FEAST'] ?? 'python3';

/** Why tests with Feast are skipped here; undefined where it is installed. */
export const noFeast: string | undefined =
  spawnSync(feastPython, ['-c', 'import feast, redis']).status === 0
    ? undefined
    : `${feastPython} has no feast[redis] (MILLRACE_TEST_FEAST names another)`;
