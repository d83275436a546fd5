// Runs the cluster tests against MILLRACE_TEST_BROKERS, or against a broker that it starts for them. Without Java and Maven it
// says so and skips; in CI that is a failure.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const broker = join(root, 'test/cluster/broker/broker.sh');
const has = (command) => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;
let brokers = process.env.MILLRACE_TEST_BROKERS;
let folder;
if (brokers === undefined) {
  if (!has('java') || !has('mvn')) {
    console.log('test:cluster: skipped, it needs Java 17 and Maven to start a broker (or MILLRACE_TEST_BROKERS)');
    process.exit(process.env.CI === 'true' ? 1 : 0);
  }
  const port = 29492;
  folder = mkdtempSync(join(tmpdir(), 'millrace-broker-'));
  const started = spawnSync('bash', [broker, 'start', String(port), folder], { stdio: 'inherit' });
  if (started.status !== 0) process.exit(1);
  brokers = `127.0.0.1:${port}`;
}
const vitest = join(root, 'node_modules/vitest/vitest.mjs');
const result = spawnSync(
  process.execPath,
  [vitest, 'run', '-c', join(root, 'config/vitest.cluster.config.ts'), ...process.argv.slice(2)],
  {
    stdio: 'inherit',
    cwd: root,
    env: { ...process.env, MILLRACE_TEST_BROKERS: brokers },
  },
);
if (folder !== undefined) {
  spawnSync('bash', [broker, 'stop', folder]);
  // The broker may still write while it ends.
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
}
process.exit(result.status ?? 1);
